import { describe, expect, it } from "vitest";
import { MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "../../appender.ts";
import { AppendQueue } from "./append-queue.ts";

const item = (bytes: number, queuedAt = 0, sender = "alice") => ({ sender, bytes, queuedAt });

describe("append queue", () => {
  it("L6: a call takes at most 128 drafts, in order", () => {
    const queue = new AppendQueue({ maxDrafts: 10_000, maxBytes: 1e9 });
    const items = Array.from({ length: 300 }, () => item(1));
    for (const one of items) queue.push(one);
    const calls = [queue.takeCall(), queue.takeCall(), queue.takeCall(), queue.takeCall()];
    expect(calls.map((call) => call.length)).toEqual([MAX_CALL_DRAFTS, MAX_CALL_DRAFTS, 44, 0]);
    expect(calls.flat().every((one, i) => one === items[i])).toBe(true);
  });

  it("L6: a call takes at most 256 KiB, but at least one draft", () => {
    const queue = new AppendQueue({ maxDrafts: 100, maxBytes: 1e9 });
    const half = MAX_CALL_BYTES / 2;
    for (const bytes of [half, half, 1, MAX_CALL_BYTES + 1, 1]) queue.push(item(bytes));
    expect([1, 2, 3].map(() => queue.takeCall().map(({ bytes }) => bytes))).toEqual([
      [half, half],
      [1],
      [MAX_CALL_BYTES + 1],
    ]);
  });

  it("G5: rejects items beyond its bounds, and accepts items again once there is room", () => {
    const few = new AppendQueue({ maxDrafts: 2, maxBytes: 100 });
    expect([1, 1, 1].map((bytes) => few.push(item(bytes)))).toEqual(["queued", "queued", "full"]);
    few.takeCall();
    expect(few.push(item(1))).toBe("queued");
    const small = new AppendQueue({ maxDrafts: 100, maxBytes: 100 });
    expect([60, 60, 40].map((bytes) => small.push(item(bytes)))).toEqual(["queued", "full", "queued"]);
  });

  it("G5: above half of its bound, rejects a sender that has its share, and accepts items of others", () => {
    const queue = new AppendQueue({ maxDrafts: 900, maxBytes: 1e9 });
    const push = (sender: string) => queue.push(item(1, 0, sender));
    for (let i = 0; i < 500; i += 1) expect(push("greedy")).toBe("queued");
    expect(push("greedy")).toBe("over-share");
    for (let i = 0; i < 200; i += 1) expect(push(`ordinary${i % 10}`)).toBe("queued");
    expect(push("greedy")).toBe("over-share");
    queue.takeBefore(1);
    expect([queue.entries, push("greedy")]).toEqual([0, "queued"]);
  });

  it("L6: has a full call by number or by bytes", () => {
    const queue = new AppendQueue({ maxDrafts: 1_000, maxBytes: 1e9 });
    for (let n = 1; n < MAX_CALL_DRAFTS; n += 1) queue.push(item(1));
    expect(queue.hasFullCall).toBe(false);
    queue.push(item(1));
    expect(queue.hasFullCall).toBe(true);
    queue.takeCall();
    queue.push(item(MAX_CALL_BYTES - 1));
    expect(queue.hasFullCall).toBe(false);
    queue.push(item(1));
    expect(queue.hasFullCall).toBe(true);
  });

  it("L6: returns the items that waited too long, and the oldest one, among many thousands", () => {
    const queue = new AppendQueue({ maxDrafts: 1e6, maxBytes: 1e9 });
    for (let queuedAt = 0; queuedAt < 5_000; queuedAt += 1) queue.push(item(1, queuedAt));
    expect(queue.takeBefore(3_000).length).toBe(3_000);
    expect(queue.oldest).toBe(3_000);
    expect(queue.entries).toBe(2_000);
    expect(queue.takeBefore(1e9).at(-1)).toEqual(item(1, 4_999));
    expect([queue.oldest, queue.entries]).toEqual([undefined, 0]);
  });
});
