import type { LogMessage } from "@parley/models";
import { indexAfter, type View } from "../log-tail/recent-messages.ts";

/** Which messages are wanted. Both ends are ids and exclusive; `newest` counts the limit from the upper end. */
export interface Wanted {
  readonly after: string | undefined;
  readonly before: string;
  readonly limit: number;
  readonly newest: boolean;
}

/** Those of a view that are wanted and permitted, in order, at most `limit`: nearest to the end they count from. */
export function select(
  { messages, length }: View,
  { after, before, limit, newest }: Wanted,
  permitted: (message: LogMessage) => boolean,
): LogMessage[] {
  const selected: LogMessage[] = [];
  const step = newest ? -1 : 1;
  const end = firstFrom(messages, length, before);
  const start = after === undefined ? 0 : indexAfter(messages, length, after);
  for (let at = newest ? end - 1 : start; at >= start && at < end && selected.length < limit; at += step) {
    const message = messages[at];
    if (message && permitted(message)) selected.push(message);
  }
  return newest ? selected.reverse() : selected;
}

/** The index of the first message whose id is `id` or sorts after it. */
function firstFrom(messages: readonly LogMessage[], length: number, id: string): number {
  const at = indexAfter(messages, length, id);
  return at > 0 && messages[at - 1]?.id === id ? at - 1 : at;
}
