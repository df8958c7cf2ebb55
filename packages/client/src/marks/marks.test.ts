import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ReadMark } from "../wire.ts";
import { GreatestIds } from "./greatest-ids.ts";
import { Marks } from "./marks.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;
const READY = { user: "alice", marks: true } as const;
const last = { id: idOf(9), from: "bob", to: "alice", content: "hi", timestamp: "" };

let wire: string[];
let told: ReadMark[];
let missed: number;
let marks: Marks;

beforeEach(() => {
  vi.useFakeTimers();
  [wire, told, missed] = [[], [], 0];
  marks = new Marks((frame) => wire.push(frame));
  marks.told.subscribe((mark) => told.push(mark));
  marks.missed.subscribe(() => {
    missed += 1;
  });
});
afterEach(() => {
  marks.close();
  vi.useRealTimers();
});

describe("the marks that the server tells", () => {
  it("P70: are passed on if they are greater than before, each user's by itself", () => {
    marks.connected(READY);
    const of = (by: string, other: string, n: number) => ({ by, with: other, id: idOf(n) });
    for (const mark of [of("alice", "bob", 2), of("bob", "alice", 1), of("alice", "", 3)]) marks.onRead(mark);
    for (const mark of [of("alice", "bob", 1), of("alice", "bob", 2), of("bob", "alice", 2)])
      marks.onRead(mark);
    expect(told).toEqual([
      of("alice", "bob", 2),
      of("bob", "alice", 1),
      of("alice", "", 3),
      of("bob", "alice", 2),
    ]);
  });

  it("P70: settle the client's own marks, if they are the user's", async () => {
    marks.connected(READY);
    marks.onRead({ by: "alice", with: "bob", id: idOf(3) });
    marks.onRead({ by: "carol", with: "alice", id: idOf(5) });
    for (const [other, n] of [
      ["bob", 3],
      ["carol", 5],
      ["alice", 5],
    ] as const)
      marks.markRead(other, idOf(n));
    await vi.advanceTimersByTimeAsync(0);
    expect(wire.map((frame) => JSON.parse(frame).with)).toEqual(["carol", "alice"]);
  });

  it("P71: are in /conversations, too, which says of a mark that nobody hears that it is known", async () => {
    marks.connected(READY);
    for (const other of ["", "bob", "carol"]) marks.markRead(other, idOf(4));
    await vi.advanceTimersByTimeAsync(0);
    expect(wire).toHaveLength(3);
    marks.onPage({
      conversations: [
        { with: "bob", last, unread: 0, read: idOf(9) },
        { with: "carol", last },
      ],
      public: { unread: 0, read: idOf(4) },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(new Set(wire.slice(3).map((frame) => JSON.parse(frame).with))).toEqual(new Set(["carol"]));
  });

  it("G5: are remembered for a bounded number of conversations", () => {
    const ids = new GreatestIds(2);
    for (const key of ["a", "b", "a", "c"]) ids.raise(key, idOf(key === "a" ? 2 : 1));
    expect(ids.raise("a", idOf(1))).toBe(true);
    expect(["b", "a", "c"].map((key) => ids.covers(key, idOf(1)))).toEqual([false, true, true]);
  });
});

describe("marks that may have been missed", () => {
  it("P70: the application is told once within two seconds after the server says so", async () => {
    marks.connected(READY);
    marks.live();
    for (let n = 0; n < 3; n += 1) marks.onMissed();
    expect(missed).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(missed).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P70: the application is told each time the client is live again, at once, and not at the first time", async () => {
    marks.disconnected();
    marks.connected(READY);
    marks.live();
    expect(missed).toBe(0);
    marks.onMissed();
    marks.disconnected();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(missed).toBe(0);
    marks.connected(READY);
    marks.onMissed();
    marks.live();
    // Catching up after a gap ends with the same phase.
    marks.live();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(missed).toBe(1);
  });

  it("nothing is told or sent after the client is closed", async () => {
    marks.connected(READY);
    marks.onMissed();
    marks.close();
    marks.markRead("bob", idOf(1));
    marks.connected(READY);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([missed, wire, vi.getTimerCount()]).toEqual([0, [], 0]);
  });
});

describe("markRead", () => {
  it("P5: sends nothing to a server that has no read marks, and everything to the next one that has them", async () => {
    marks.connected({ user: "alice" });
    marks.markRead("bob", idOf(1));
    await vi.advanceTimersByTimeAsync(600_000);
    expect([wire, vi.getTimerCount()]).toEqual([[], 0]);
    marks.disconnected();
    marks.connected(READY);
    await vi.advanceTimersByTimeAsync(0);
    expect(wire.map((frame) => JSON.parse(frame))).toEqual([{ type: "read", with: "bob", id: idOf(1) }]);
  });

  it.each([
    ["x".repeat(65), idOf(1), "invalid_username"],
    ["a\ud800", idOf(1), "invalid_username"],
    [undefined as unknown as string, idOf(1), "invalid_username"],
    ["bob", "7", "invalid_parameter"],
    ["bob", undefined as unknown as string, "invalid_parameter"],
  ])(
    "P32: throws for %j and %j, because an invalid frame counts against the connection",
    async (other, id, code) => {
      marks.connected(READY);
      expect(() => marks.markRead(other, id)).toThrowError(expect.objectContaining({ code }));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(wire).toEqual([]);
    },
  );
});
