import { CHANGE_TYPES } from "@parley/models";
import { firstFitting } from "@parley/store";
import type { JsonEntry } from "../http/encode-messages.ts";
import type { SyncPage } from "../queries/history.ts";
import type { ShownChange } from "../queries/read-changes.ts";
import { MAX_PAGE_BYTES } from "../queries/sizes.ts";

export interface FeedPage {
  readonly entries: readonly JsonEntry[];
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * Puts the messages and changes of a page into one sequence in the order of the log, at most `limit`. The page's two lists
 * cover the same part of the log, so the sequence lacks nothing up to its cursor.
 */
export function feedPageOf({ messages, changes, cursor, more }: SyncPage, limit: number): FeedPage {
  const all: JsonEntry[] = [
    ...messages.map((message) => ({ type: "message", id: message.id, message }) as const),
    ...changes.map(entryOf),
  ].sort((a, b) => (a.id < b.id ? -1 : 1));
  const size = { limit, maxBytes: MAX_PAGE_BYTES };
  const fitting = firstFitting(
    all.map(({ message }) => message),
    size,
  );
  const entries = all.slice(0, fitting.length);
  if (entries.length === all.length) return { entries, cursor, more };
  return { entries, cursor: entries.at(-1)?.id ?? cursor, more: true };
}

/** Returns a change as an entry of the log. */
export function entryOf({ change, kind, by, message }: ShownChange): JsonEntry {
  return { type: CHANGE_TYPES[kind], id: change, by, message };
}
