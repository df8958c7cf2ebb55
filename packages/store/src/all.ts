import { setImmediate as breathe } from "node:timers/promises";
import type { LogMessage } from "@parley/models";
import type { Range, Store } from "./store.ts";

/** What `all` holds in memory at a time, in messages. */
const PAGE = 500;

/**
 * A conversation in full, page by page. Each page is a read of its own that starts after the last id given, so no
 * cursor or transaction stays open however slowly the caller takes them, and a restart of the server between two
 * pages goes unnoticed. Others get their turn between pages, also where a page is read without waiting.
 */
export async function* allOf(
  store: Pick<Store, "page">,
  conversation: string,
  range: Range,
  signal?: AbortSignal,
): AsyncGenerator<LogMessage, void, void> {
  let after = range.after;
  while (true) {
    signal?.throwIfAborted();
    const page = await store.page(conversation, { ...range, after, limit: PAGE, newest: false });
    for (const message of page) {
      signal?.throwIfAborted();
      yield message;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
    await breathe();
  }
}
