import { describe, expect, it } from "vitest";
import { InFlight } from "./in-flight.ts";

const start = () => new InFlight({ first: 100, cap: 1_000 }, () => 1);

describe("messages in flight", () => {
  it("delivers a failed message again after a wait that doubles with each delivery, up to a cap", () => {
    const inFlight = start();
    for (const [deliveries, wait] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [9, 1_000],
      [5_000, 1_000],
    ] as const) {
      inFlight.add("a", deliveries, 0);
      inFlight.retryLater("a", 0);
      expect(inFlight.nextDue()).toBe(wait);
      expect(inFlight.due(wait - 1, 10)).toEqual([]);
      expect(inFlight.due(wait, 10)).toEqual(["a"]);
    }
  });

  it("makes half of a wait random", () => {
    const inFlight = new InFlight({ first: 100, cap: 1_000 }, () => 0);
    inFlight.add("a", 1, 0);
    inFlight.retryLater("a", 0);
    expect(inFlight.nextDue()).toBe(50);
  });

  it("returns due messages in log order, at most a batch, until they are added again or removed", () => {
    const inFlight = start();
    for (const id of ["c", "a", "d", "b"]) inFlight.retryLater(id, 0);
    expect(inFlight.due(500, 3)).toEqual(["a", "b", "c"]);
    inFlight.add("a", 2, 500);
    inFlight.remove("b");
    expect(inFlight.due(500, 3)).toEqual(["c", "d"]);
  });

  it("F25: keeps messages as in flight while others are settled, because a slow store needs long for a batch", () => {
    const inFlight = start();
    inFlight.add("a", 1, 10);
    expect(inFlight.has("a", 15)).toBe(false);
    inFlight.progress(20);
    expect(inFlight.has("a", 15)).toBe(true);
    expect(inFlight.deliveredSince(15)).toEqual(["a"]);
    expect(inFlight.deliveredSince(21)).toEqual([]);
    expect(inFlight.has("b", 0)).toBe(false);
  });

  it("knows which messages are in flight, and since when", () => {
    const inFlight = start();
    inFlight.add("a", 1, 10);
    inFlight.add("b", 1, 20);
    expect(inFlight.deliveredSince(15)).toEqual(["b"]);
    expect(inFlight.has("a", 10)).toBe(true);
    expect(inFlight.has("a", 11)).toBe(false);
    inFlight.remove("a");
    inFlight.retryLater("b", 30);
    expect(inFlight.deliveredSince(0)).toEqual([]);
    expect(inFlight.has("b", 0)).toBe(false);
  });
});
