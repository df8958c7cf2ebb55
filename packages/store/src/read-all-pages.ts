import { setImmediate as nextTurn } from "node:timers/promises";
import type { StoredMessage } from "@parley/models";
import { isFull } from "./page-size.ts";
import type { Range, Store } from "./store.ts";

/** Maximum size of a page. Only one page is in memory at a time. */
const PAGE = { limit: 500, maxBytes: 1_048_576 };

/**
 * Implements `Store.all` with pages. Each page is an independent read after the last id, so that no cursor or
 * transaction stays open while the caller is slow, and a restart of the server between two pages has no effect.
 * Yields to the event loop between pages, because SQLite reads a page synchronously.
 */
export async function* readAllPages(
  store: Pick<Store, "page">,
  conversation: string,
  range: Range,
  signal?: AbortSignal,
): AsyncGenerator<StoredMessage, void, void> {
  let after = range.after;
  while (true) {
    signal?.throwIfAborted();
    const page = await store.page(conversation, { ...range, after, ...PAGE, newest: false, signal });
    for (const message of page) {
      signal?.throwIfAborted();
      yield message;
    }
    const last = page.at(-1);
    if (last === undefined || !isFull(page, PAGE)) return;
    after = last.id;
    await nextTurn();
  }
}
