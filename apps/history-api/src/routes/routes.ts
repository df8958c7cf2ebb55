import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity, Verifier } from "@parley/auth";
import { type LogMessage, ORIGIN } from "@parley/models";
import type { Observe, RouteName } from "../events.ts";
import { identify, readerOf } from "../http/access.ts";
import type { Admission } from "../http/admission.ts";
import { type JsonFrame, jsonOf, writeMessages } from "../http/json-response.ts";
import { bytesOf } from "../log-tail/recent-messages.ts";
import type { Conversations } from "../queries/conversations.ts";
import type { History } from "../queries/history.ts";
import { peerOf } from "../queries/newest-in-tail.ts";
import { linksOf } from "./links.ts";
import {
  assertUsername,
  type PageQuery,
  readConversationsQuery,
  readPageQuery,
  readSyncQuery,
} from "./query.ts";

export interface RoutesParts {
  readonly history: History;
  readonly conversations: Conversations;
  readonly verifier: Verifier;
  readonly admission: Admission;
  readonly slowClientMs: number;
  readonly observe: Observe;
}

interface Asked {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly route: RouteName;
  readonly startedAt: number;
}

type Parts = Parameters<typeof writeMessages>[1];

const ARRAY: JsonFrame = { before: "[", after: "]" };

/** The answers. Each rejects with what `failures.ts` makes an error of, before or after its first byte. */
export class Routes {
  readonly #parts: RoutesParts;

  constructor(parts: RoutesParts) {
    this.#parts = parts;
  }

  /** P50–P52: the conversation with `peer`, "" for the public room: whole, or a page of it. */
  async messages(req: IncomingMessage, res: ServerResponse, peer: string): Promise<void> {
    const route = peer === "" ? "room" : "conversation";
    const asked: Asked = { req, res, route, startedAt: performance.now() };
    const identity = await identify(this.#parts.verifier, req);
    if (peer !== "") assertUsername(peer);
    const { page, as } = readPageQuery(req.url ?? "");
    const reader = this.#readAs(identity, as, route);
    if (page === undefined) return this.#whole(asked, identity.user, reader, peer);
    const path = peer === "" ? "/messages" : `/messages/${encodeURIComponent(peer)}`;
    await this.#page(asked, identity.user, reader, { path, peer, as, page });
  }

  /** P53. */
  async sync(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const asked: Asked = { req, res, route: "sync", startedAt: performance.now() };
    const identity = await identify(this.#parts.verifier, req);
    const { page, as } = readSyncQuery(req.url ?? "");
    const reader = this.#readAs(identity, as, "sync");
    const { messages, cursor, more } = await this.#parts.history.sync(
      reader,
      page.after ?? ORIGIN,
      page.limit,
    );
    const after = `],"cursor":"${cursor}","more":${more}}`;
    await this.#answerPage(asked, identity.user, messages, { before: '{"messages":[', after });
  }

  /** P57. */
  async conversations(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const asked: Asked = { req, res, route: "conversations", startedAt: performance.now() };
    const identity = await identify(this.#parts.verifier, req);
    const { page, as } = readConversationsQuery(req.url ?? "");
    const reader = this.#readAs(identity, as, "conversations");
    const { messages, next } = await this.#parts.conversations.page(reader, page);
    const item = (message: LogMessage) =>
      `{"with":${JSON.stringify(peerOf(reader, message))},"last":${jsonOf(message)}}`;
    const after = next === undefined ? "]}" : `],"next":"${next}"}`;
    await this.#answerPage(asked, identity.user, messages, { before: '{"conversations":[', after, item });
  }

  async #whole(asked: Asked, user: string, reader: string, peer: string): Promise<void> {
    const leave = this.#parts.admission.enterStream(user);
    try {
      await this.#answer(asked, await this.#parts.history.whole(reader, peer), ARRAY, true);
    } finally {
      leave();
    }
  }

  async #page(
    asked: Asked,
    user: string,
    reader: string,
    { path, peer, as, page: query }: { path: string; peer: string; as: string | undefined; page: PageQuery },
  ): Promise<void> {
    const page = await this.#parts.history.page(reader, peer, query);
    const links = linksOf(path, as, query, page);
    if (links !== undefined) asked.res.setHeader("link", links);
    await this.#answerPage(asked, user, page.messages, ARRAY);
  }

  /** It is in memory whole, for as long as its reader takes (G5). */
  async #answerPage(
    asked: Asked,
    user: string,
    messages: readonly LogMessage[],
    frame: JsonFrame,
  ): Promise<void> {
    const bytes = messages.reduce((sum, message) => sum + bytesOf(message), 0);
    const leave = this.#parts.admission.enterPage(user, bytes);
    try {
      await this.#answer(asked, [messages], frame, false);
    } finally {
      leave();
    }
  }

  /** HEAD has the headers alone: of a whole conversation nothing is read then. */
  async #answer(
    { req, res, route, startedAt }: Asked,
    parts: Parts,
    frame: JsonFrame,
    whole: boolean,
  ): Promise<void> {
    res.setHeader("content-type", "application/json");
    let messages = 0;
    if (req.method === "HEAD") res.end();
    else messages = await writeMessages(res, parts, frame, this.#parts.slowClientMs);
    this.#parts.observe({ type: "answered", route, whole, messages, ms: performance.now() - startedAt });
  }

  #readAs(identity: Identity, as: string | undefined, route: RouteName): string {
    const reader = readerOf(identity, as);
    if (as !== undefined) this.#parts.observe({ type: "read-as", route, by: identity.user, as });
    return reader;
  }
}
