import type { StoredMessage } from "@parley/models";
import { estimateAll, isFull } from "@parley/store";
import type { RangeQuery } from "./range.ts";
import { MAX_STEP, type StepSize } from "./step-size.ts";

/** Waits between two steps of a long read, so that others can read. */
export type GiveWay = () => Promise<void>;

/** Doesn't wait, for short reads. */
export const atOnce: GiveWay = () => Promise.resolve();

/** How a long read is divided. */
export interface Stepping {
  readonly stepSize: StepSize;
  readonly giveWay: GiveWay;
}

/**
 * Reads a range of the store, a long one in steps, so that nobody's read waits for all of it (G5). The result is the same
 * as that of one read: each step continues after the last message of the one before it. `read` tells `stepSize` its time.
 */
export async function readInSteps(
  range: RangeQuery,
  read: (step: RangeQuery) => Promise<readonly StoredMessage[]>,
  { stepSize, giveWay }: Stepping,
): Promise<readonly StoredMessage[]> {
  let messages: readonly StoredMessage[] = [];
  for (;;) {
    const rest = restOf(range, messages);
    const step = { ...rest, limit: stepSize.next(range.limit, rest.limit) };
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

/** The cost of a small read besides its messages, in messages. */
const READ_COST = 10;

/** Small reads that follow each other. They give way once they have cost as much as a step (G5). */
export class SmallReads {
  readonly #giveWay: GiveWay;
  readonly #step: number;
  #left: number;

  constructor(giveWay: GiveWay, step = MAX_STEP) {
    this.#giveWay = giveWay;
    this.#step = step;
    this.#left = step;
  }

  /** Waits before a read, if it isn't part of the first step. */
  async next(): Promise<void> {
    if (this.#left > 0) return;
    this.#left = this.#step;
    await this.#giveWay();
  }

  /** A read is done. */
  done(messages: number): void {
    this.#left -= READ_COST + messages;
  }
}
