import { describe, expect, it } from "vitest";
import { ParleyError } from "../errors.ts";
import { backoff } from "../timing/backoff.ts";
import { countFailures, planReconnect } from "./reconnect.ts";

const settings = { backoff: { baseMs: 100, maxMs: 1_000 } };
/** A random number with which the jitter results in the longest wait. */
const longest = () => 1;

describe("reconnecting", () => {
  it("P40: the close codes 4500 to 4999 forbid it", () => {
    expect(planReconnect({ code: 4500, readyForMs: 9_000 }, 0, settings)).toEqual({ reconnect: false });
    expect(planReconnect({ code: 4499, readyForMs: 9_000 }, 0, settings)).toMatchObject({ reconnect: true });
  });

  it("P40: after an expired token it happens at once, unless the token never worked", () => {
    expect(planReconnect({ code: 4001, readyForMs: 9_000 }, 0, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 0,
    });
    expect(planReconnect({ code: 4001, readyForMs: 0 }, 1, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 200,
    });
  });

  it("P40: an overloaded server gets a longer wait", () => {
    expect(planReconnect({ code: 1013, readyForMs: 0 }, 0, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 800,
    });
  });

  it("P40: after an announced restart it happens at once, but not after another end before that restart", () => {
    const announced = { readyForMs: 9_000, announced: true };
    expect(planReconnect({ code: 1012, ...announced }, 0, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 0,
    });
    expect(planReconnect({ code: 1006, ...announced }, 0, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 100,
    });
  });

  it("P40: announced restarts one after the other don't become a loop without pauses", () => {
    const again = { code: 1012, readyForMs: 20, announced: true };
    let failures = 0;
    const waits = Array.from({ length: 5 }, () => {
      failures = countFailures(again, failures);
      return planReconnect(again, failures, settings, longest);
    });
    const inMs = [0, 400, 800, 1_000, 1_000];
    expect(waits).toEqual(inMs.map((afterMs) => ({ reconnect: true, afterMs })));
  });

  it("G4: the server's retryAfterMs is added to the backoff", () => {
    const error = new ParleyError("draining", "", { temporary: true, retryAfterMs: 2_000 });
    expect(planReconnect({ code: 1006, readyForMs: 0, error }, 0, settings, longest)).toEqual({
      reconnect: true,
      afterMs: 2_100,
    });
  });

  it("counts a connection that ends soon after ready as a failure, so it never becomes a hot loop", () => {
    expect(countFailures({ code: 4002, readyForMs: 200 }, 3)).toBe(4);
    expect(countFailures({ code: 4002, readyForMs: 60_000 }, 3)).toBe(0);
  });

  it("waits with full jitter, doubled after each failure, up to a maximum", () => {
    expect([0, 1, 2, 3, 4, 50].map((attempt) => backoff(attempt, settings.backoff, longest))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect(backoff(50, settings.backoff, () => 0)).toBe(0);
  });
});
