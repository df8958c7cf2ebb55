import { FLOOR_ENTRIES, isWithinShare, type Space } from "../sender-shares.ts";

/**
 * Counts each user's marks while the space for marks is at least half full (L27).
 *
 * Marks leave in any order, so each that leaves takes one off its user's count. Marks from before the counting count for
 * nobody. So a count is never greater than what the user holds. The scripts in redis/lua/marks count the same way.
 */
export class MarkShares {
  readonly #space: Space;
  readonly #counts = new Map<string, number>();

  constructor(bound: number) {
    this.#space = { bound, floor: FLOOR_ENTRIES };
  }

  /** Counts a mark that is about to be added to `used` others. Returns false, without counting, if its user's share is used up. */
  take(user: string, used: number): boolean {
    if (used * 2 < this.#space.bound) {
      this.#counts.clear();
      return true;
    }
    const count = this.#counts.get(user) ?? 0;
    if (!isWithinShare(this.#space, used, count, 1)) return false;
    this.#counts.set(user, count + 1);
    return true;
  }

  /** Takes a mark that has left off its user's count. */
  giveBack(user: string): void {
    const count = this.#counts.get(user) ?? 0;
    if (count > 1) this.#counts.set(user, count - 1);
    else this.#counts.delete(user);
  }
}
