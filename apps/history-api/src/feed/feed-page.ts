import { CHANGE_TYPES, type StoredMessage, timestampOf } from "@parley/models";
import { firstFitting } from "@parley/store";
import { toJson } from "../http/encode-messages.ts";
import type { SyncPage } from "../queries/history.ts";
import { MAX_PAGE_BYTES } from "../queries/sizes.ts";

/** An entry of the feed (P63): a message, or a change with its message. */
export interface FeedEntry {
  readonly type: "message" | (typeof CHANGE_TYPES)[keyof typeof CHANGE_TYPES];
  /** The entry's own id: of the message or of the change. */
  readonly id: string;
  /** The moderator who deleted the message. */
  readonly by?: string | undefined;
  /** The message as it is now. */
  readonly message: StoredMessage;
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * Puts the messages and changes of a page into one sequence in the order of the log, at most `limit`. The page's two lists
 * cover the same part of the log, so the sequence lacks nothing up to its cursor.
 */
export function feedPageOf({ messages, changes, cursor, more }: SyncPage, limit: number): FeedPage {
  const all: FeedEntry[] = [
    ...messages.map((message) => ({ type: "message", id: message.id, message }) as const),
    ...changes.map(({ change, kind, by, message }) => ({
      type: CHANGE_TYPES[kind],
      id: change,
      by,
      message,
    })),
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

/** Converts an entry to the JSON that consumers get. */
export function entryToJson({ type, id, by, message }: FeedEntry): string {
  const moderator = by === undefined ? "" : `,"by":${JSON.stringify(by)}`;
  return `{"type":"${type}","id":"${id}"${moderator},"timestamp":"${timestampOf(id)}","message":${toJson(message)}}`;
}
