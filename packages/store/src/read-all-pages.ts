import { setImmediate as nextTurn } from "node:timers/promises";
import type { LogMessage } from "@parley/models";
import type { Range, Store } from "./store.ts";

/** Messages in memory at a time. */
const PAGE_SIZE = 500;

/**
 * Implements `Store.all` with pages. Each page is an independent read after the last id, so that no cursor or
 * transaction stays open while the caller is slow, and a restart of the server between two pages has no effect.
 * Yields to the event loop between pages, since SQLite reads a page synchronously.
 */
export async function* readAllPages(
  store: Pick<Store, "page">,
  conversation: string,
  range: Range,
  signal?: AbortSignal,
): AsyncGenerator<LogMessage, void, void> {
  let after = range.after;
  while (true) {
    signal?.throwIfAborted();
    const page = await store.page(conversation, { ...range, after, limit: PAGE_SIZE, newest: false });
    for (const message of page) {
      signal?.throwIfAborted();
      yield message;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    after = last.id;
    await nextTurn();
  }
}
