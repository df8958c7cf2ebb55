import type { StoredMessage } from "@parley/models";
import { estimateAll, isFull } from "@parley/store";
import type { RangeQuery } from "./range.ts";
import { STEP } from "./sizes.ts";

/** Waits between two steps of a long read, so that others can read. */
export type GiveWay = () => Promise<void>;

/**
 * Reads a range of the store in steps, so that nobody's read waits for a long one (G5). The result is the same as that of
 * one read: each step continues after the last message of the one before it.
 */
export async function readInSteps(
  range: RangeQuery,
  read: (step: RangeQuery) => Promise<readonly StoredMessage[]>,
  giveWay: GiveWay,
): Promise<readonly StoredMessage[]> {
  let messages: readonly StoredMessage[] = [];
  for (;;) {
    const rest = restOf(range, messages);
    const step = { ...rest, limit: Math.min(STEP, rest.limit) };
    const found = await read(step);
    messages = range.newest ? [...found, ...messages] : [...messages, ...found];
    if (!isFull(found, step) || isFull(messages, range)) return messages;
    await giveWay();
  }
}

/** The part of the range that follows these messages, which were read before. */
function restOf(range: RangeQuery, messages: readonly StoredMessage[]): RangeQuery {
  const { maxBytes } = range;
  return {
    ...range,
    limit: range.limit - messages.length,
    ...(maxBytes !== undefined && { maxBytes: maxBytes - estimateAll(messages) }),
    ...(range.newest
      ? { before: messages[0]?.id ?? range.before }
      : { after: messages.at(-1)?.id ?? range.after }),
  };
}
