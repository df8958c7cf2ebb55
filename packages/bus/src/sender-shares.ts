/** A limited space: the most that it may hold, and an amount that each sender may hold while there is room. */
export interface Space {
  readonly bound: number;
  readonly floor: number;
}

/** A sender may hold one part in SHARES of what is left. Equal to SHARES in redis/lua/include/shares.lua. */
export const SHARES = 8;
/** The floors of spaces for messages. Equal to those in redis/lua/include/sender_limits.lua. */
export const FLOOR_ENTRIES = 8;
export const FLOOR_BYTES = 65_536;

/**
 * Returns true if a sender that holds `held` may add `size` to a space of which `used` is taken (L5, L7).
 *
 * Less than half full, a space has no shares. From then on a sender may hold at most a share of what is left, which
 * shrinks as the space fills up. So one sender alone stops at five ninths of the space, and the rest is for others. A
 * sender that holds nothing may always add one message. Equal to `is_within` in redis/lua/include/shares.lua.
 */
export function isWithinShare({ bound, floor }: Space, used: number, held: number, size: number): boolean {
  if (used * 2 < bound || held === 0) return true;
  return held + size <= Math.max(floor, (bound - used) / SHARES);
}

/** A bounded queue of messages that leave in about the order in which they came. */
export interface SharedQueue {
  readonly entries: number;
  readonly bytes: number;
  /** The number of messages that have left since the start. */
  readonly passed: number;
}

interface Held {
  readonly entries: number;
  readonly bytes: number;
}

const NOTHING: Held = { entries: 0, bytes: 0 };

/**
 * Counts what each sender holds of a queue, while the queue is at least half full. The counts are forgotten when
 * everything has left that was there when the counting began. So they never include what has left, and no sender is
 * refused for more than it holds. The Redis adapter counts the same way: see redis/lua/include/shares.lua.
 */
export class SenderShares {
  readonly #queue: SharedQueue;
  readonly #entries: Space;
  readonly #bytes: Space;
  readonly #held = new Map<string, Held>();
  /** The value of `passed` at which the counts are forgotten. */
  #ends = 0;

  constructor(queue: SharedQueue, bounds: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#queue = queue;
    this.#entries = { bound: bounds.maxEntries, floor: FLOOR_ENTRIES };
    this.#bytes = { bound: bounds.maxBytes, floor: FLOOR_BYTES };
  }

  /** Counts a message that is about to be added. Returns false, and counts nothing, if its sender has its share. */
  take(sender: string, size: number): boolean {
    const { entries, bytes, passed } = this.#queue;
    if (this.#held.size > 0 && passed >= this.#ends) this.#held.clear();
    if (entries * 2 < this.#entries.bound && bytes * 2 < this.#bytes.bound) return true;
    if (this.#held.size === 0) this.#ends = passed + entries;
    const held = this.#held.get(sender) ?? NOTHING;
    const isWithin =
      isWithinShare(this.#entries, entries, held.entries, 1) &&
      isWithinShare(this.#bytes, bytes, held.bytes, size);
    if (isWithin) this.#held.set(sender, { entries: held.entries + 1, bytes: held.bytes + size });
    return isWithin;
  }
}
