/** A limited space. `bound` is its capacity. `floor` is an amount that any sender may hold while there is room. */
export interface Space {
  readonly bound: number;
  readonly floor: number;
}

/** A sender may hold 1/SHARES of the free space. Equal to SHARES in redis/lua/include/shares.lua. */
export const SHARES = 8;
/** The floors of spaces for messages. Equal to those in redis/lua/include/sender_limits.lua. */
export const FLOOR_ENTRIES = 8;
export const FLOOR_BYTES = 65_536;

/**
 * Returns true if a sender that holds `held` may add `size` to a space of which `used` is taken (L5, L7).
 *
 * While the space is less than half full, any sender may add. From then on a sender may hold at most a share of the
 * free space, which shrinks as the space fills up. So one sender alone can fill only five ninths of the space; the
 * remainder is for others. A sender that holds nothing may always add one message. Equal to `is_within` in
 * redis/lua/include/shares.lua.
 */
export function isWithinShare({ bound, floor }: Space, used: number, held: number, size: number): boolean {
  if (used * 2 < bound || held === 0) return true;
  return held + size <= Math.max(floor, (bound - used) / SHARES);
}

/** A bounded queue that messages leave in about the order in which they entered it. */
export interface SharedQueue {
  readonly entries: number;
  readonly bytes: number;
  /** The number of messages that have left the queue since it was created. */
  readonly passed: number;
}

interface Held {
  readonly entries: number;
  readonly bytes: number;
}

const NOTHING: Held = { entries: 0, bytes: 0 };

/**
 * Counts each sender's messages in a queue while the queue is at least half full.
 *
 * The messages counted are those added after the counting began. All counts are forgotten when the last older message
 * leaves the queue. So the counts never include messages that have left, and no sender is refused for more than it
 * holds. The Redis adapter counts the same way: see redis/lua/include/shares.lua.
 */
export class SenderShares {
  readonly #queue: SharedQueue;
  readonly #entries: Space;
  readonly #bytes: Space;
  readonly #held = new Map<string, Held>();
  /** All counts are forgotten when the queue's `passed` reaches this number. */
  #ends = 0;

  constructor(queue: SharedQueue, bounds: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#queue = queue;
    this.#entries = { bound: bounds.maxEntries, floor: FLOOR_ENTRIES };
    this.#bytes = { bound: bounds.maxBytes, floor: FLOOR_BYTES };
  }

  /** Counts a message that is about to be added. Returns false, without counting, if its sender's share is used up. */
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
