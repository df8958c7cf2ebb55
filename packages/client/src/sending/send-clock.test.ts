import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SendQueue } from "./send-queue.ts";

const limits = { deadlineMs: 300_000, maxPending: 5, backoff: { baseMs: 100, maxMs: 1_000 } };
const unavailable = { type: "error", code: "unavailable", message: "", temporary: true } as const;
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;

let wire: string[];
let queue: SendQueue;
let outcome: unknown;

beforeEach(() => {
  vi.useFakeTimers();
  wire = [];
  outcome = undefined;
  queue = new SendQueue(limits, (frame) => wire.push(frame));
  queue.send("bob", "hi", { ref: "r" }).catch((error: unknown) => {
    outcome = error;
  });
});
afterEach(() => {
  queue.close();
  // In this order: a stub of setTimeout replaced a fake one.
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Sets the wall clock, or lets the machine sleep: only the wall clock changes. */
function moveWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe("the clocks of a send", () => {
  it.each([
    ["an hour back", -HOUR_MS],
    ["ten minutes ahead", TEN_MINUTES_MS],
  ])("G2: a wall clock that is set %s during a retry changes nothing", async (_what, ms) => {
    queue.connected();
    queue.onError({ ...unavailable, ref: "r" });
    moveWallClock(ms);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(298_000);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outcome).toMatchObject({ code: "outcome_unknown" });
  });

  it.each([-HOUR_MS, TEN_MINUTES_MS])(
    "G2: a message that never left waits its whole deadline, whatever the wall clock does: %i",
    async (ms) => {
      moveWallClock(ms);
      await vi.advanceTimersByTimeAsync(299_999);
      expect(outcome).toBeUndefined();
      queue.connected();
      expect(wire).toHaveLength(1);
    },
  );

  it("G2: a message whose answer was lost isn't repeated after a sleep longer than its deadline", async () => {
    queue.connected();
    queue.disconnected();
    moveWallClock(TEN_MINUTES_MS);
    queue.connected();
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome).toMatchObject({ code: "outcome_unknown", mayHaveGoneThrough: true });
  });

  it("gives up at the deadline when the page wakes, if the platform delays the timer", async () => {
    vi.stubGlobal("document", new EventTarget());
    vi.stubGlobal("setTimeout", () => 0);
    const hidden = new SendQueue(limits, () => undefined);
    const sent = hidden.send("bob", "hi").catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(limits.deadlineMs);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(await sent).toMatchObject({ code: "not_sent" });
    hidden.close();
  });
});
