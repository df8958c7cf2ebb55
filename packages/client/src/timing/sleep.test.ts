import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sleep } from "./sleep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  // In this order: a stub of setTimeout replaced a fake one.
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const { signal } = new AbortController();

/** Returns a function that tells if the promise has resolved. */
function watch(promise: Promise<void>): () => boolean {
  let isDone = false;
  void promise.then(() => {
    isDone = true;
  });
  return () => isDone;
}

describe("sleep", () => {
  it("ends when the page wakes after its time, if the platform delays the timer", async () => {
    vi.stubGlobal("document", new EventTarget());
    const { setTimeout } = globalThis;
    vi.stubGlobal("setTimeout", (run: () => void, ms: number) => setTimeout(run, ms + 60_000));
    const isDone = watch(sleep(1_000, signal));
    await vi.advanceTimersByTimeAsync(500);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone()).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(isDone()).toBe(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([-3_600_000, 600_000])("takes its time, whatever the wall clock is set to: %i", async (ms) => {
    const isDone = watch(sleep(1_000, signal));
    vi.setSystemTime(Date.now() + ms);
    await vi.advanceTimersByTimeAsync(999);
    expect(isDone()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone()).toBe(true);
  });
});
