import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairBudget, type Reservation } from "./fair-budget.ts";

const FREE = () => undefined;

function callerOf(user: string, address = "a") {
  return { user, address };
}

/**
 * Reserves `amount` for a caller. Returns undefined if refused. `isDisplaced` becomes true if it is displaced later.
 */
function take(budget: FairBudget, user: string, amount: number, address = "a") {
  const taken = { isDisplaced: false, reservation: undefined as Reservation | undefined };
  const result = budget.reserve(callerOf(user, address), amount, () => {
    taken.isDisplaced = true;
  });
  if (typeof result === "string") return undefined;
  taken.reservation = result;
  return taken;
}

describe("the fair budget", () => {
  it("G5: four users who hold everything don't keep out a fifth, who displaces the entry without progress", () => {
    const budget = new FairBudget({ total: 256, perUser: 64 });
    const held = ["u1", "u2", "u3", "u4"].map((user) =>
      Array.from({ length: 64 }, () => take(budget, user, 1)),
    );
    expect(budget.used).toBe(256);
    expect(budget.reserve(callerOf("u1"), 1, FREE)).toBe("user");
    // All entries of each user make progress, except the first entry.
    for (const entries of held) for (const entry of entries.slice(1)) entry?.reservation?.resize(1);
    expect(take(budget, "u5", 1)).toBeDefined();
    expect(held.flat().filter((entry) => entry?.isDisplaced)).toEqual([held[0]?.[0]]);
    expect(budget.used).toBe(256);
  });

  it("G5: many users of one address don't keep out another address, and equals don't displace each other", () => {
    const budget = new FairBudget({ total: 10, perUser: 10 });
    for (let n = 0; n < 10; n += 1) expect(take(budget, `u${n}`, 1, "one")).toBeDefined();
    expect(budget.reserve(callerOf("v", "one"), 1, FREE)).toBe("all");
    for (let n = 0; n < 5; n += 1) expect(take(budget, `v${n}`, 1, `other`)).toBeDefined();
    expect(budget.reserve(callerOf("w", "other"), 1, FREE)).toBe("all");
    expect(budget.used).toBe(10);
  });

  it("a user's only amount passes the user's bound, and the only amount of all passes the total", () => {
    const budget = new FairBudget({ total: 10, perUser: 3 });
    const only = take(budget, "u", 50);
    expect(only).toBeDefined();
    only?.reservation?.release();
    only?.reservation?.release();
    expect(budget.used).toBe(0);
    expect(take(budget, "u", 5)).toBeDefined();
    expect(budget.reserve(callerOf("u"), 1, FREE)).toBe("user");
  });

  it("an amount that was displaced or released can't be changed any more", () => {
    const budget = new FairBudget({ total: 2, perUser: 2 });
    const [first] = [take(budget, "u", 1), take(budget, "u", 1)];
    take(budget, "v", 1, "b");
    expect(first?.isDisplaced).toBe(true);
    first?.reservation?.resize(2);
    first?.reservation?.release();
    expect(budget.used).toBe(2);
  });

  it("G5: holds the total, and refuses nobody while another user holds more, after any sequence of calls", () => {
    const step = fc.record({
      user: fc.nat(5).map((n) => `u${n}`),
      address: fc.nat(2).map((n) => `a${n}`),
      amount: fc.integer({ min: 1, max: 4 }),
      release: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new Model();
        for (const { user, address, amount, release } of steps) {
          model.release(release);
          model.reserve(user, address, amount);
        }
      }),
    );
  });
});

/** The test's own record of the reserved amounts. Checks the outcome of every call against this record. */
class Model {
  readonly #budget = new FairBudget({ total: 40, perUser: 20 });
  readonly #live = new Set<{ readonly user: string; readonly amount: number; release: () => void }>();

  release(nth: number): void {
    const entry = [...this.#live][nth];
    entry?.release();
    if (entry) this.#live.delete(entry);
  }

  reserve(user: string, address: string, amount: number): void {
    const entry = { user, amount, release: FREE as () => void };
    const result = this.#budget.reserve({ user, address }, amount, () => this.#live.delete(entry));
    if (typeof result !== "string") {
      entry.release = result.release;
      this.#live.add(entry);
    } else if (result === "all") {
      const others = [...this.#live].map((held) => this.#heldBy(held.user));
      expect(Math.max(...others)).toBeLessThanOrEqual(this.#heldBy(user) + amount);
    } else expect(this.#heldBy(user) + amount).toBeGreaterThan(20);
    const held = [...this.#live].reduce((sum, { amount }) => sum + amount, 0);
    expect(this.#budget.used).toBe(held);
    expect(held).toBeLessThanOrEqual(40);
  }

  #heldBy(user: string): number {
    return [...this.#live].reduce((sum, held) => sum + (held.user === user ? held.amount : 0), 0);
  }
}
