import { ChatError } from "@parley/models";
import { StoreUnavailable } from "@parley/store";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadline, type Wait } from "./deadline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const forever = () => new Promise<never>(() => undefined);

function start() {
  const closed = new AbortController();
  const late: Wait[] = [];
  const deadline = new Deadline({ ms: 1_000, closed: closed.signal, onLate: (wait) => late.push(wait) });
  return { deadline, closed, late };
}

describe("the deadline of a request", () => {
  it.each([
    ["token", "unavailable", /tokens can't be verified/i],
    ["rate", "rate_limited", /too fast/],
    ["turn", "overloaded", /too many requests/i],
    ["log", "unavailable", /the log/i],
    ["store", "unavailable", /the store is slow/i],
  ] as const)(
    "F25: ends a wait for the %s with %s, a time to retry and the cause",
    async (wait, code, text) => {
      const { deadline, late } = start();
      const waiting = deadline.during(wait, forever).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(999);
      expect(deadline.signal.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      const error = await waiting;
      expect(error).toMatchObject({ code, retryAfterMs: 1_000, message: expect.stringMatching(text) });
      expect(late).toEqual([wait]);
    },
  );

  it("F25: names the innermost wait, and the outer one after that has ended", async () => {
    for (const inner of [forever, () => Promise.resolve()]) {
      const { deadline, late } = start();
      const waiting = deadline.during("turn", async () => {
        await deadline.during("store", inner);
        return forever();
      });
      const failed = expect(waiting).rejects.toBeInstanceOf(ChatError);
      await vi.advanceTimersByTimeAsync(1_000);
      await failed;
      expect(late).toEqual([inner === forever ? "store" : "turn"]);
    }
  });

  it("covers all waits together, and begins nothing after it", async () => {
    const { deadline } = start();
    await vi.advanceTimersByTimeAsync(1_000);
    const run = vi.fn();
    await expect(deadline.during("store", run)).rejects.toBeInstanceOf(ChatError);
    expect(run).not.toHaveBeenCalled();
  });

  it("ends with the client's reason when the client leaves, and isn't late then", async () => {
    const { deadline, closed, late } = start();
    const waiting = expect(deadline.during("store", forever)).rejects.toThrow("gone");
    closed.abort(new Error("gone"));
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(late).toEqual([]);
  });

  it("P50: begins anew for the next part of an answer", async () => {
    const { deadline, late } = start();
    await vi.advanceTimersByTimeAsync(900);
    deadline.clear();
    const next = deadline.next();
    const waiting = expect(next.during("log", forever)).rejects.toMatchObject({ code: "unavailable" });
    await vi.advanceTimersByTimeAsync(999);
    expect(late).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(deadline.signal.aborted).toBe(false);
  });

  it.each([
    ["store", new StoreUnavailable("slow"), /the store is slow/i],
    ["store", new StoreUnavailable("unreachable"), /the store can't be reached/i],
    ["store", new StoreUnavailable("failing"), /the store can't answer/i],
    ["log", new ChatError("unavailable", { message: "text for operators" }), /the log can't be read/i],
  ] as const)("G4: an outage of the %s is named: %s", async (wait, outage, text) => {
    const { deadline } = start();
    const failing = deadline.during(wait, () => Promise.reject(outage));
    await expect(failing).rejects.toMatchObject({
      code: "unavailable",
      retryAfterMs: 1_000,
      message: expect.stringMatching(text),
    });
    deadline.clear();
  });
});
