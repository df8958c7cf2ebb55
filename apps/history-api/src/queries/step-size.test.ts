import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_STEP, StepSize } from "./step-size.ts";

/** Reads many steps from a store that takes a fixed time for each, and more for each message. Returns the last size. */
function readAll(
  size: StepSize,
  { fixedMs, perMessageMs }: { fixedMs: number; perMessageMs: number },
): number {
  for (let step = 0; step < 20; step += 1) {
    const messages = size.next(1_000);
    size.took(messages, fixedMs + perMessageMs * messages);
  }
  return size.next(1_000);
}

describe("the size of a step", () => {
  it("G5: fits a few ms, and is within its bounds whatever the store takes", () => {
    expect(readAll(new StepSize(), { fixedMs: 0, perMessageMs: 0.001 })).toBe(MAX_STEP);
    expect(readAll(new StepSize(), { fixedMs: 0, perMessageMs: 0.1 })).toBe(50);
    expect(readAll(new StepSize(), { fixedMs: 0, perMessageMs: 10 })).toBe(25);
    const ms = fc.double({ min: 0, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), ms)), (steps) => {
        const size = new StepSize();
        for (const [messages, took] of steps) {
          size.took(messages, took);
          expect(Number.isInteger(size.next(1_000))).toBe(true);
          expect(size.next(1_000)).toBeGreaterThanOrEqual(25);
          expect(size.next(1_000)).toBeLessThanOrEqual(MAX_STEP);
        }
      }),
    );
  });

  it("grows again after a slow moment, also if each step takes a fixed time", () => {
    const size = new StepSize();
    size.took(100, 500);
    expect(size.next(1_000)).toBe(25);
    expect(readAll(size, { fixedMs: 3, perMessageMs: 0.01 })).toBe(MAX_STEP);
  });

  it("leaves a short read whole, and never reads more than is left", () => {
    const size = new StepSize();
    size.took(100, 500);
    expect([size.next(51), size.next(101), size.next(102), size.next(1_001, 7)]).toEqual([51, 101, 25, 7]);
  });

  it("learns nothing from few messages", () => {
    const size = new StepSize();
    size.took(3, 50);
    expect(size.next(1_000)).toBe(MAX_STEP);
  });
});
