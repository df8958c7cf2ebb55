import type { IncomingMessage, ServerResponse } from "node:http";
import { ORIGIN, type StoredMessage } from "@parley/models";
import type { Observe } from "../events.ts";
import { entryOf } from "../feed/feed-page.ts";
import { readerOf } from "../http/access.ts";
import { entryToJson } from "../http/encode-messages.ts";
import type { OpenExchange } from "../http/exchange.ts";
import type { Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import type { ShownChange } from "../queries/read-changes.ts";
import { readSyncQuery } from "./query.ts";

export interface SyncDeps {
  readonly history: History;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/** `GET /sync`: everything that the reader may see after a cursor (P53), and what was changed after it (P75). */
export function syncRoute({ history, openExchange, responder, observe }: SyncDeps) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const exchange = await openExchange(req, res, "sync");
    const { page, as } = readSyncQuery(req.url ?? "", exchange.noteIgnored);
    const reader = readerOf(exchange.identity, { as, route: "sync", observe });
    await responder.sendPage(exchange, async (giveWay) => {
      const { messages, changes, cursor, more } = await history.sync(
        reader,
        page.after ?? ORIGIN,
        page.limit,
        exchange.deadline,
        giveWay,
      );
      const after = `],"cursor":"${cursor}","more":${more}}`;
      const item = (_: StoredMessage, index: number) =>
        entryToJson("change", entryOf(changes[index] as ShownChange));
      return [
        { messages, envelope: { before: '{"messages":[', after: '],"changes":[' } },
        { messages: changes.map(({ message }) => message), envelope: { before: "", after, item } },
      ];
    });
  };
}
