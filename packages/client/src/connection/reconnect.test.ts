import { describe, expect, it } from "vitest";
import { ParleyError } from "../errors.ts";
import { backoff } from "../timing/backoff.ts";
import { failuresAfter, reconnectIn } from "./reconnect.ts";

const settings = { backoff: { baseMs: 100, maxMs: 1_000 } };

describe("connecting again", () => {
  it("P40: 4500 to 4999 is for good", () => {
    expect(reconnectIn({ code: 4500, readyForMs: 9_000 }, 0, settings)).toEqual({ again: false });
    expect(reconnectIn({ code: 4499, readyForMs: 9_000 }, 0, settings)).toMatchObject({ again: true });
  });

  it("P40: an ended token connects again at once, unless it never worked", () => {
    expect(reconnectIn({ code: 4001, readyForMs: 9_000 }, 0, settings, () => 1)).toEqual({
      again: true,
      afterMs: 0,
    });
    expect(reconnectIn({ code: 4001, readyForMs: 0 }, 1, settings, () => 1)).toEqual({
      again: true,
      afterMs: 200,
    });
  });

  it("P40: an overloaded server is left in peace for longer", () => {
    expect(reconnectIn({ code: 1013, readyForMs: 0 }, 0, settings, () => 1)).toEqual({
      again: true,
      afterMs: 800,
    });
  });

  it("P40: an announced restart needs no more waiting, but what ends otherwise before its time does", () => {
    const announced = { readyForMs: 9_000, announced: true };
    const always = () => 1;
    expect(reconnectIn({ code: 1012, ...announced }, 0, settings, always)).toEqual({
      again: true,
      afterMs: 0,
    });
    expect(reconnectIn({ code: 1006, ...announced }, 0, settings, always)).toEqual({
      again: true,
      afterMs: 100,
    });
  });

  it("G4: what the server asked to wait comes on top", () => {
    const error = new ParleyError("draining", "", { temporary: true, retryAfterMs: 2_000 });
    expect(reconnectIn({ code: 1006, readyForMs: 0, error }, 0, settings, () => 1)).toEqual({
      again: true,
      afterMs: 2_100,
    });
  });

  it("a connection that ends soon after ready is one more failure: no hot loop", () => {
    expect(failuresAfter({ code: 4002, readyForMs: 200 }, 3)).toBe(4);
    expect(failuresAfter({ code: 4002, readyForMs: 60_000 }, 3)).toBe(0);
  });

  it("waits with full jitter, twice as long each time, up to a bound", () => {
    expect([0, 1, 2, 3, 4, 50].map((attempt) => backoff(attempt, settings.backoff, () => 1))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect(backoff(50, settings.backoff, () => 0)).toBe(0);
  });
});
