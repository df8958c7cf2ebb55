import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FLOOR_ENTRIES, isWithinShare, SenderShares, SHARES } from "./sender-shares.ts";

const amount = fc.integer({ min: 0, max: 1_000_000 });

describe("isWithinShare", () => {
  it("L7: less than half full, and for a sender that holds nothing, there is no share", () => {
    fc.assert(
      fc.property(amount, amount, amount, amount, amount, (bound, floor, used, held, size) => {
        if (used * 2 < bound) expect(isWithinShare({ bound, floor }, used, held, size)).toBe(true);
        expect(isWithinShare({ bound, floor }, used, 0, size)).toBe(true);
      }),
    );
  });

  it("L7: holding less, or with more left, never turns a yes into a no", () => {
    fc.assert(
      fc.property(amount, amount, amount, amount, amount, amount, (bound, floor, used, held, size, less) => {
        if (!isWithinShare({ bound, floor }, used, held, size)) return;
        expect(isWithinShare({ bound, floor }, used, Math.max(0, held - less), size)).toBe(true);
        expect(isWithinShare({ bound, floor }, Math.max(0, used - less), held, size)).toBe(true);
      }),
    );
  });

  it("L7: one sender alone stops at five ninths of the space", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 20_000 }), (bound) => {
        let [used, held] = [Math.ceil(bound / 2), 0];
        while (used < bound && isWithinShare({ bound, floor: 8 }, used, held, 1))
          [used, held] = [used + 1, held + 1];
        expect(Math.abs(used - (bound * 5) / 9)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("L7: greedy senders get the same, and leave the share of one more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), (senders) => {
        const bound = 100_000;
        const held = new Array<number>(senders).fill(0);
        let used = bound / 2;
        for (let added = true; added; ) {
          added = false;
          held.forEach((amountHeld, sender) => {
            if (used === bound || !isWithinShare({ bound, floor: 8 }, used, amountHeld, 1)) return;
            [held[sender], used, added] = [amountHeld + 1, used + 1, true];
          });
        }
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
        expect((bound - used) / SHARES).toBeGreaterThan(Math.min(...held) - 1);
      }),
    );
  });
});

/** A queue of senders' names. It accepts only what SenderShares allows. */
class SharedSenders {
  readonly items: string[] = [];
  passed = 0;
  readonly maxEntries: number;
  readonly shares: SenderShares;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
    this.shares = new SenderShares(this, { maxEntries, maxBytes: 1e9 });
  }

  get entries(): number {
    return this.items.length;
  }

  get bytes(): number {
    return this.items.length;
  }

  held(sender: string): number {
    return this.items.filter((item) => item === sender).length;
  }

  add(sender: string): boolean {
    if (this.entries >= this.maxEntries || !this.shares.take(sender, 1)) return false;
    this.items.push(sender);
    return true;
  }

  leave(count: number): void {
    this.passed += this.items.splice(0, count).length;
  }
}

describe("SenderShares", () => {
  const senders = ["alice", "bob", "carol", "greedy"];
  /** One event, repeated: a sender adds a message or, if the sender is undefined, a message leaves the queue. */
  const run = fc
    .tuple(fc.constantFrom(...senders, undefined), fc.integer({ min: 1, max: 60 }))
    .map(([sender, count]) => new Array<string | undefined>(count).fill(sender));

  it("L7: a sender is refused only if what it really holds is its share, in every order of events", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 300 }), fc.array(run, { maxLength: 60 }), (bound, runs) => {
        const queue = new SharedSenders(bound);
        for (const sender of runs.flat()) {
          if (sender === undefined) queue.leave(1);
          const [used, held] = [queue.entries, queue.held(sender ?? "")];
          if (sender === undefined || queue.add(sender) || used >= bound) continue;
          expect(held + 1).toBeGreaterThan(Math.max(FLOOR_ENTRIES, (bound - used) / SHARES));
        }
      }),
    );
  });

  it("L7: a greedy sender leaves room, and is served again when the queue has drained", () => {
    const queue = new SharedSenders(900);
    while (queue.add("greedy"));
    expect(queue.entries).toBe(500);
    for (let i = 0; i < 200; i += 1) expect(queue.add(`ordinary${i % 10}`)).toBe(true);
    expect(queue.add("greedy")).toBe(false);
    queue.leave(700);
    while (queue.add("greedy"));
    expect(queue.entries).toBe(500);
  });

  it("L7: while a queue stays more than half full, a sender whose messages leave is never refused", () => {
    const queue = new SharedSenders(100);
    for (let i = 0; i < 60; i += 1) queue.add(`s${i}`);
    for (let round = 0; round < 100; round += 1) {
      expect(queue.add("alice")).toBe(true);
      for (let i = 0; i < 11; i += 1) queue.add(`s${i}`);
      queue.leave(12);
    }
    expect(queue.entries).toBeGreaterThan(50);
  });

  it("G5: bytes have shares too", () => {
    const queue = { entries: 0, bytes: 0, passed: 0 };
    const shares = new SenderShares(queue, { maxEntries: 1e6, maxBytes: 18e6 });
    const send = (sender: string) => {
      if (queue.entries === 180 || !shares.take(sender, 100_000)) return false;
      queue.entries += 1;
      queue.bytes += 100_000;
      return true;
    };
    while (send("greedy"));
    expect(queue.bytes).toBe(10e6);
    expect(["alice", "bob"].map(send)).toEqual([true, true]);
  });
});
