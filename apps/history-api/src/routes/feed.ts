import type { IncomingMessage, ServerResponse } from "node:http";
import { SCOPES } from "@parley/auth";
import { ChatError, type StoredMessage } from "@parley/models";
import { feedPageOf } from "../feed/feed-page.ts";
import type { FeedWaits } from "../feed/feed-waits.ts";
import { entryToJson, type JsonEntry } from "../http/encode-messages.ts";
import type { OpenExchange } from "../http/exchange.ts";
import type { Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { feedBoundsOf } from "./bounds.ts";
import { readFeedQuery } from "./query.ts";

export interface FeedDeps {
  readonly history: History;
  readonly feedWaits: FeedWaits;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
}

/** `GET /feed`: the entries of all conversations after a cursor, for services with the scope `history:all` (P63). */
export function feedRoute({ history, feedWaits, openExchange, responder }: FeedDeps) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const opened = await openExchange(req, res, "feed");
    const { user, scopes } = opened.identity;
    if (!scopes.has(SCOPES.historyAll)) throw new ChatError("forbidden");
    const { limit, wait, range } = readFeedQuery(req.url ?? "");
    const bounds = feedBoundsOf(range);
    const exchange = await feedWaits.untilEntries(opened, bounds, wait * 1_000);
    await responder.sendPage(exchange, async (giveWay) => {
      const read = await history.readEverything(user, { ...bounds, limit }, exchange.deadline, giveWay);
      const { entries, cursor, more } = feedPageOf(read, limit);
      const item = (_: StoredMessage, index: number) => entryToJson("id", entries[index] as JsonEntry);
      const envelope = { before: '{"entries":[', after: `],"cursor":"${cursor}","more":${more}}`, item };
      return [{ messages: entries.map(({ message }) => message), envelope }];
    });
  };
}
