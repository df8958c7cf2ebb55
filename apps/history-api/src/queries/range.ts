import type { LogMessage } from "@parley/models";
import { PageCollector, type PageSize } from "@parley/store";
import { type EntryView, indexAfter } from "../log-tail/entry-list.ts";

/** A range of ids to read. Both ends are exclusive. */
export interface RangeQuery extends PageSize {
  readonly after: string | undefined;
  readonly before: string;
  /** True to read the messages nearest to the upper end rather than those nearest to the lower end. */
  readonly newest: boolean;
}

/** Selects the messages of a view in the range that pass `isPermitted`, until the result is full. Oldest first. */
export function selectRange(
  { entries, length }: EntryView<LogMessage>,
  { after, before, newest, ...size }: RangeQuery,
  isPermitted: (message: LogMessage) => boolean,
): LogMessage[] {
  const page = new PageCollector(size);
  const step = newest ? -1 : 1;
  const end = indexFrom(entries, length, before);
  const start = after === undefined ? 0 : indexAfter(entries, length, after);
  for (let at = newest ? end - 1 : start; at >= start && at < end && !page.isFull; at += step) {
    const message = entries[at];
    if (message && isPermitted(message)) page.add(message);
  }
  return newest ? page.messages.reverse() : page.messages;
}

/** The index of the first message at or after `id`. */
function indexFrom(messages: readonly LogMessage[], length: number, id: string): number {
  const at = indexAfter(messages, length, id);
  return at > 0 && messages[at - 1]?.id === id ? at - 1 : at;
}
