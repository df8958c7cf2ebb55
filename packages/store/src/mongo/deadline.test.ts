import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeadlineExceeded, withDeadline } from "./deadline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("passes on a result in time and leaves no timer", async () => {
  expect(await withDeadline(100, async () => "in time")).toBe("in time");
  await expect(withDeadline(100, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(vi.getTimerCount()).toBe(0);
});

it("rejects with the caller's reason as soon as the caller abandons it, and leaves no listener", async () => {
  const abandoned = new AbortController();
  let inner: AbortSignal | undefined;
  const settled = withDeadline(
    100,
    (signal) => {
      inner = signal;
      return new Promise(() => undefined);
    },
    abandoned.signal,
  );
  const reason = new Error("nobody waits any more");
  abandoned.abort(reason);
  await expect(settled).rejects.toBe(reason);
  expect(inner?.reason).toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
  const run = vi.fn();
  await expect(withDeadline(100, run, abandoned.signal)).rejects.toBe(reason);
  expect(run).not.toHaveBeenCalled();
});

it("rejects at the deadline, aborts the signal, and ignores a late result", async () => {
  let aborted: unknown;
  const late = Promise.withResolvers<string>();
  const settled = withDeadline(100, (signal) => {
    signal.addEventListener("abort", () => {
      aborted = signal.reason;
    });
    return late.promise;
  });
  const refused = expect(settled).rejects.toBeInstanceOf(DeadlineExceeded);
  await vi.advanceTimersByTimeAsync(100);
  await refused;
  expect(aborted).toBeInstanceOf(DeadlineExceeded);
  late.reject(new Error("late, so ignored"));
  await vi.runAllTimersAsync();
});
