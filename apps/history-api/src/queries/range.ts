import type { LogMessage } from "@parley/models";
import { indexAfter, type MessageView } from "../log-tail/recent-messages.ts";

/** A range of ids to read. Both ends are exclusive. */
export interface RangeQuery {
  readonly after: string | undefined;
  readonly before: string;
  readonly limit: number;
  /** Read the messages nearest to the upper end rather than those nearest to the lower end. */
  readonly newest: boolean;
}

/** The messages of a view within the range that pass `isPermitted`, oldest first, at most `limit`. */
export function selectRange(
  { messages, length }: MessageView,
  { after, before, limit, newest }: RangeQuery,
  isPermitted: (message: LogMessage) => boolean,
): LogMessage[] {
  const selected: LogMessage[] = [];
  const step = newest ? -1 : 1;
  const end = indexFrom(messages, length, before);
  const start = after === undefined ? 0 : indexAfter(messages, length, after);
  for (let at = newest ? end - 1 : start; at >= start && at < end && selected.length < limit; at += step) {
    const message = messages[at];
    if (message && isPermitted(message)) selected.push(message);
  }
  return newest ? selected.reverse() : selected;
}

/** The index of the first message at or after `id`. */
function indexFrom(messages: readonly LogMessage[], length: number, id: string): number {
  const at = indexAfter(messages, length, id);
  return at > 0 && messages[at - 1]?.id === id ? at - 1 : at;
}
