import { until } from "@parley/async";
import { ChatError } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../events.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";
import { type FollowerLimits, LogFollower, type TailSnapshot } from "./log-follower.ts";

const LIMITS: FollowerLimits = {
  catchUpMs: 5_000,
  maxBytes: 1_000_000,
  retry: { minMs: 1, maxMs: 2 },
};

let tail: ScriptedTail;
let events: HistoryEvent[];
let clock: number;
let follower: LogFollower;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  tail = new ScriptedTail();
  events = [];
  clock = 0;
  stop = new AbortController();
});

afterEach(async () => {
  tail.releaseAll();
  stop.abort();
  await running;
});

function start(limits: Partial<FollowerLimits> = {}): void {
  const observe = (event: HistoryEvent) => events.push(event);
  follower = new LogFollower({ tail, observe, limits: { ...LIMITS, ...limits }, now: () => clock });
  running = follower.run(stop.signal);
}

async function startFollowing(limits: Partial<FollowerLimits> = {}): Promise<void> {
  start(limits);
  await until(() => follower.problem() === undefined);
}

/** Waits until the follower has completed one more round of its loop. */
async function nextRound(): Promise<void> {
  const { reads } = tail;
  await until(() => tail.reads > reads + 1);
}

/** Takes a snapshot now and returns its ids. */
async function pending(): Promise<string[]> {
  return idsOf(await follower.snapshot());
}

function idsOf({ pending: { entries, length } }: TailSnapshot): string[] {
  return entries.slice(0, length).map(({ id }) => id);
}

/** The outcome of a promise, without waiting for it. Empty while the promise is pending. */
function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const outcome: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => Object.assign(outcome, { value }),
    (error: unknown) => Object.assign(outcome, { error }),
  );
  return outcome;
}

const unavailable = expect.objectContaining({ code: "unavailable", retryAfterMs: expect.any(Number) });

describe("the start", () => {
  it("L21: is at the watermark, never at the log's end", async () => {
    tail.append(message(1), message(2), message(3));
    tail.stored = idAt(1);
    await startFollowing();
    expect(await pending()).toEqual([idAt(2), idAt(3)]);
  });

  it("L21: completes at once if everything is stored", async () => {
    tail.append(message(1));
    tail.stored = idAt(1);
    const held = tail.hold("read");
    await startFollowing();
    expect(await pending()).toEqual([]);
    held.release();
  });

  it("L21: until the follower has caught up, snapshots are refused and a problem is reported", async () => {
    tail.append(message(1), message(2), message(3));
    tail.readable = idAt(2);
    start();
    await until(() => tail.reads > 2);
    expect(follower.problem()).toContain("not been followed");
    await expect(follower.snapshot()).rejects.toEqual(unavailable);
    expect(tail.positions).toBe(1);
    tail.readable = idAt(3);
    await until(() => follower.problem() === undefined);
    expect(await pending()).toEqual([idAt(1), idAt(2), idAt(3)]);
    expect(events).toContainEqual(expect.objectContaining({ type: "caught-up", entries: 3 }));
  });

  it("retries until the log is there", async () => {
    tail.isDown = true;
    start();
    await until(() => events.filter(({ type }) => type === "follow-failed").length > 2);
    expect(follower.problem()).toContain("the log cannot be followed");
    tail.isDown = false;
    await until(() => follower.problem() === undefined);
  });
});

describe("a snapshot", () => {
  it("L19: waits until the follower has reached the log's end", async () => {
    tail.append(message(1));
    await startFollowing();
    tail.append(message(2), message(3));
    tail.readable = idAt(2);
    const asked = outcomeOf(follower.snapshot());
    await nextRound();
    expect(asked).toEqual({});
    tail.readable = idAt(3);
    await until(() => asked.value !== undefined);
    expect(asked.value?.position).toBe(idAt(3));
    expect(asked.value && idsOf(asked.value)).toEqual([idAt(1), idAt(2), idAt(3)]);
  });

  it("P56: never uses an end that was read before the request arrived", async () => {
    await startFollowing();
    const held = tail.hold("position");
    const early = outcomeOf(follower.snapshot());
    tail.append(message(1));
    tail.readable = "";
    const late = outcomeOf(follower.snapshot());
    held.release();
    await until(() => early.value !== undefined);
    await nextRound();
    expect(late).toEqual({});
    tail.readable = idAt(1);
    await until(() => late.value !== undefined);
    expect(late.value && idsOf(late.value)).toEqual([idAt(1)]);
  });

  it("P56: concurrent requests share reads of the log's end", async () => {
    await startFollowing();
    const { positions } = tail;
    await Promise.all(Array.from({ length: 50 }, () => follower.snapshot()));
    expect(tail.positions - positions).toBe(2);
  });

  it("L19: is refused with a time to retry if the end isn't reached in time", async () => {
    await startFollowing({ catchUpMs: 10 });
    tail.append(message(1));
    tail.readable = "";
    await expect(follower.snapshot()).rejects.toEqual(unavailable);
  });

  it("P55: is refused while the log's end can't be read", async () => {
    await startFollowing();
    tail.isDown = true;
    await expect(follower.snapshot()).rejects.toBeInstanceOf(ChatError);
  });

  it("doesn't change when messages are added or dropped later", async () => {
    tail.append(message(1));
    await startFollowing();
    const snapshot = await follower.snapshot();
    const ofConversation = await follower.snapshot("alice:bob");
    tail.append(message(2));
    tail.stored = idAt(1);
    await nextRound();
    clock += 1_000;
    await nextRound();
    clock += 30_000;
    await nextRound();
    expect(await pending()).toEqual([idAt(2)]);
    expect(idsOf(snapshot)).toEqual([idAt(1)]);
    expect(idsOf(ofConversation)).toEqual([idAt(1)]);
    expect(snapshot.position).toBe(idAt(1));
  });
});

describe("dropping stored messages", () => {
  it("L20: drops an entry 30 s after the watermark passed it, and no entry that isn't stored", async () => {
    tail.append(message(1), message(2), message(3));
    await startFollowing();
    tail.stored = idAt(2);
    const { watermarks } = tail;
    clock += 1_000;
    await until(() => tail.watermarks > watermarks);
    await nextRound();
    clock += 29_999;
    await nextRound();
    expect(await pending()).toEqual([idAt(1), idAt(2), idAt(3)]);
    clock += 1_000;
    await nextRound();
    expect(await pending()).toEqual([idAt(3)]);
  });

  it("G5: above the bound, drops stored entries at once and keeps the others", async () => {
    tail.append(message(1), message(2));
    await startFollowing({ maxBytes: 1 });
    expect(await pending()).toEqual([idAt(1), idAt(2)]);
    tail.stored = idAt(1);
    clock += 1_000;
    await nextRound();
    expect(await pending()).toEqual([idAt(2)]);
    expect(events.filter(({ type }) => type === "tail-full")).toHaveLength(1);
  });
});

describe("losing the log", () => {
  it("L21: if the log was trimmed past the follower, it drops its tail and starts at the watermark", async () => {
    tail.append(message(1), message(2));
    await startFollowing();
    tail.append(message(8), message(9));
    tail.stored = idAt(8);
    tail.isLost = true;
    await until(() => events.some(({ type }) => type === "lost"));
    await until(() => follower.problem() === undefined);
    expect(await pending()).toEqual([idAt(9)]);
  });

  it("L3: an end before the follower's position means the log was replaced: snapshots are refused", async () => {
    tail.append(message(1), message(5));
    await startFollowing();
    const held = tail.hold("read");
    await held.reached;
    tail.replace(idAt(1));
    tail.append(message(2));
    await expect(follower.snapshot()).rejects.toEqual(unavailable);
    expect(follower.problem()).toBeDefined();
    held.release();
    await until(() => follower.problem() === undefined);
    expect(await pending()).toEqual([idAt(2)]);
    expect(events).toContainEqual({ type: "lost", reason: "beyond the log's end" });
  });

  it("L3: discards a read of the old log that ends after the replacement was noticed", async () => {
    tail.append(message(1));
    await startFollowing();
    tail.append(message(5));
    const held = tail.hold("read");
    await held.reached;
    tail.replace(idAt(0));
    await expect(follower.snapshot()).rejects.toEqual(unavailable);
    held.release();
    await until(() => follower.problem() === undefined);
    expect(await pending()).toEqual([]);
  });

  it("L3: the old log's watermark drops nothing of the new log", async () => {
    tail.append(message(5));
    await startFollowing();
    tail.stored = idAt(5);
    const held = tail.hold("watermark");
    clock += 1_000;
    await held.reached;
    tail.replace(idAt(0));
    await expect(follower.snapshot()).rejects.toEqual(unavailable);
    held.release();
    tail.append(message(1), message(2));
    await until(() => follower.problem() === undefined);
    clock += 31_000;
    await nextRound();
    clock += 31_000;
    await nextRound();
    expect(await pending()).toEqual([idAt(1), idAt(2)]);
  });

  it("L3: a request that waits for the old log's end is refused at once", async () => {
    await startFollowing();
    tail.append(message(1));
    tail.readable = "";
    const asked = outcomeOf(follower.snapshot());
    await nextRound();
    tail.isLost = true;
    await until(() => asked.error !== undefined);
    expect(asked.error).toEqual(unavailable);
  });

  it("L3: an end that was requested before a restart is ignored after it", async () => {
    tail.append(message(5));
    await startFollowing();
    const held = tail.hold("position");
    tail.replace(idAt(1));
    const asked = outcomeOf(follower.snapshot());
    tail.isLost = true;
    await until(() => events.some(({ type }) => type === "lost"));
    held.release();
    await until(() => asked.error !== undefined);
    expect(asked.error).toEqual(unavailable);
    await until(() => follower.problem() === undefined);
    expect(await pending()).toEqual([]);
    expect(events.filter(({ type }) => type === "lost")).toHaveLength(1);
  });
});
