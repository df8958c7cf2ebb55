import { isChange, type LogEntry, type LogMessage } from "@parley/models";

/** Returns a delivered entry, which must be a message. */
export function messageOf({ entry }: { readonly entry: LogEntry }): LogMessage {
  if (isChange(entry)) throw new Error(`this is a change: ${entry.kind}`);
  return entry;
}

export function contentOf(consumed: { readonly entry: LogEntry }): string {
  return messageOf(consumed).content;
}
