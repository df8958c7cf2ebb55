import type { IncomingMessage, ServerResponse } from "node:http";
import type { Verifier } from "@parley/auth";
import { ORIGIN } from "@parley/models";
import type { Observe } from "../events.ts";
import { authenticate, readerOf } from "../http/access.ts";
import type { Exchange, Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { readSyncQuery } from "./query.ts";

export interface SyncDeps {
  readonly history: History;
  readonly verifier: Verifier;
  readonly responder: Responder;
  readonly observe: Observe;
}

/** `GET /sync`: everything that the reader may see after a cursor (P53). */
export function syncRoute({ history, verifier, responder, observe }: SyncDeps) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const exchange: Exchange = { req, res, route: "sync", startedAt: performance.now() };
    const identity = await authenticate(verifier, req);
    const { page, as } = readSyncQuery(req.url ?? "");
    const reader = readerOf(identity, { as, route: "sync", observe });
    const { messages, cursor, more } = await history.sync(reader, page.after ?? ORIGIN, page.limit);
    const after = `],"cursor":"${cursor}","more":${more}}`;
    await responder.sendPage(exchange, identity.user, messages, { before: '{"messages":[', after });
  };
}
