import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clock } from "../timing/clock.ts";
import { Heartbeat } from "./heartbeat.ts";

const OPTIONS = { everyMs: 10_000, timeoutMs: 5_000 };
const MINUTE_MS = 60_000;

let pings: number;
let isDead: boolean;
let isOpen: boolean;
let heartbeat: Heartbeat;

beforeEach(() => {
  vi.useFakeTimers();
  pings = 0;
  isDead = false;
  isOpen = true;
});
afterEach(() => {
  heartbeat.stop();
  // In this order: a stub of setTimeout replaced a fake one.
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A link that answers a ping after 50 ms. */
const answers = () => void setTimeout(() => heartbeat.received(), 50);

/** `answer` is called for each ping on an open connection. */
function start(answer: () => void = () => undefined): void {
  heartbeat = new Heartbeat(OPTIONS, {
    ping: () => {
      if (!isOpen) return false;
      pings += 1;
      answer();
      return true;
    },
    dead: () => {
      isDead = true;
    },
  });
}

/** From now on timers fire only once a minute, as in a tab that has been hidden for a while. */
function throttleTimers(): void {
  const { setTimeout } = globalThis;
  const untilNextMinute = (ms: number) =>
    Math.ceil((performance.now() + ms) / MINUTE_MS) * MINUTE_MS - performance.now();
  vi.stubGlobal("setTimeout", (run: () => void, ms: number) => setTimeout(run, untilNextMinute(ms)));
}

/** The machine sleeps: the wall clock goes on, timers and the monotonic clock stand still. */
function sleepMachine(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe("the heartbeat", () => {
  it("P14: detects a dead link within everyMs and timeoutMs", () => {
    start();
    vi.advanceTimersByTime(14_999);
    expect([pings, isDead]).toEqual([1, false]);
    vi.advanceTimersByTime(1);
    expect([pings, isDead]).toEqual([1, true]);
  });

  it("P14: leaves a link alone that answers or on which frames arrive", () => {
    start(answers);
    vi.advanceTimersByTime(101_000);
    expect([pings, isDead]).toEqual([10, false]);
    for (let n = 0; n < 20; n += 1) {
      vi.advanceTimersByTime(9_000);
      heartbeat.received();
    }
    expect([pings, isDead]).toEqual([10, false]);
  });

  it("P14: ends a connection that never opens, within the same time", () => {
    isOpen = false;
    start();
    vi.advanceTimersByTime(15_000);
    expect([pings, isDead]).toEqual([0, true]);
  });

  it("P14: detects a dead link in a tab whose timers fire once a minute", () => {
    throttleTimers();
    start();
    vi.advanceTimersByTime(3 * MINUTE_MS);
    expect(isDead).toBe(true);
  });

  it("P14: leaves a link alone that answers in such a tab", () => {
    const { setTimeout } = globalThis;
    throttleTimers();
    start(() => void setTimeout(() => heartbeat.received(), 50));
    vi.advanceTimersByTime(60 * MINUTE_MS);
    expect(isDead).toBe(false);
  });

  it("P14: an answer that a frozen page hasn't read yet counts", () => {
    start();
    vi.advanceTimersByTime(10_000);
    vi.spyOn(clock, "now").mockReturnValue(clock.now() + 3_600_000);
    heartbeat.check();
    heartbeat.received();
    heartbeat.check();
    expect([pings, isDead]).toEqual([2, false]);
    vi.restoreAllMocks();
  });

  it("P14: a send on a silent link checks it, if the timers come late", () => {
    throttleTimers();
    start();
    vi.advanceTimersByTime(30_000);
    heartbeat.check();
    expect(pings).toBe(1);
    vi.advanceTimersByTime(6_000);
    heartbeat.check();
    expect(isDead).toBe(true);
  });

  it.each([
    ["window", "online"],
    ["window", "pageshow"],
    ["document", "visibilitychange"],
    ["document", "resume"],
  ])("P14: the %s's event %s checks the link at once", (target, event) => {
    const page = { window: new EventTarget(), document: new EventTarget() };
    vi.stubGlobal("document", page.document);
    for (const method of ["addEventListener", "removeEventListener", "dispatchEvent"] as const)
      vi.stubGlobal(method, page.window[method].bind(page.window));
    start();
    const wake = () => page[target as keyof typeof page].dispatchEvent(new Event(event));
    wake();
    wake();
    expect(pings).toBe(1);
    vi.advanceTimersByTime(5_000);
    expect(isDead).toBe(true);
    wake();
    expect(pings).toBe(1);
  });

  it("P14: a handshake isn't hurried by such an event", () => {
    vi.stubGlobal("document", new EventTarget());
    isOpen = false;
    start();
    document.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(14_999);
    expect(isDead).toBe(false);
  });

  it("P14: after the machine slept, the next event checks the link", () => {
    start(answers);
    sleepMachine(3_600_000);
    heartbeat.check();
    expect([pings, isDead]).toEqual([1, false]);
  });

  it.each([
    ["an hour back", -3_600_000],
    ["ten minutes ahead", 600_000],
  ])("P14: a wall clock that is set %s doesn't end a link that works, nor keep a dead one", (_what, ms) => {
    start(answers);
    sleepMachine(ms);
    vi.advanceTimersByTime(60_000);
    expect(isDead).toBe(false);
    heartbeat.stop();
    start();
    vi.advanceTimersByTime(11_000);
    sleepMachine(ms);
    vi.advanceTimersByTime(4_000);
    expect(isDead).toBe(true);
  });
});
