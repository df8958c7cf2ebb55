import { describe, expect, it } from "vitest";
import { Holding } from "./in-flight.ts";

const holding = () => new Holding({ first: 100, cap: 1_000 }, () => 1);

describe("holding", () => {
  it("gives a failed one out again after a wait that doubles with each delivery, up to a cap", () => {
    const held = holding();
    for (const [deliveries, wait] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [9, 1_000],
      [5_000, 1_000],
    ] as const) {
      held.give("a", deliveries, 0);
      held.postpone("a", 0);
      expect(held.nextDue()).toBe(wait);
      expect(held.due(wait - 1, 10)).toEqual([]);
      expect(held.due(wait, 10)).toEqual(["a"]);
    }
  });

  it("leaves half of a wait to chance", () => {
    const held = new Holding({ first: 100, cap: 1_000 }, () => 0);
    held.give("a", 1, 0);
    held.postpone("a", 0);
    expect(held.nextDue()).toBe(50);
  });

  it("gives out what is due in log order, at most a batch, until it is given or released", () => {
    const held = holding();
    for (const id of ["c", "a", "d", "b"]) held.postpone(id, 0);
    expect(held.due(500, 3)).toEqual(["a", "b", "c"]);
    held.give("a", 2, 500);
    held.release("b");
    expect(held.due(500, 3)).toEqual(["c", "d"]);
  });

  it("knows what is out, and for how long", () => {
    const held = holding();
    held.give("a", 1, 10);
    held.give("b", 1, 20);
    expect(held.outSince(15)).toEqual(["b"]);
    expect(held.isOut("a", 10)).toBe(true);
    expect(held.isOut("a", 11)).toBe(false);
    held.release("a");
    held.postpone("b", 30);
    expect(held.outSince(0)).toEqual([]);
    expect(held.isOut("b", 0)).toBe(false);
  });
});
