import { ORIGIN, timestampOf } from "@parley/models";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Appended } from "../appender.ts";
import type { Outcome } from "../consumer.ts";
import type { BusEvent } from "../events.ts";
import { contentOf, messageOf } from "../test/entries.ts";
import { MemoryBus, type MemoryBusOptions } from "./memory-bus.ts";

const open = new AbortController().signal;
const ignoreAll = { message: () => undefined, gap: () => undefined };
const draft = (content: string, ref?: string) => ({
  from: "alice",
  to: "",
  content,
  ...(ref !== undefined && { ref }),
});
const code = (appended: Appended | undefined) => (appended?.ok ? "ok" : appended?.error.code);

afterEach(() => void vi.useRealTimers());

function start(options: Partial<MemoryBusOptions> = {}) {
  const events: BusEvent[] = [];
  const bus = new MemoryBus({ lastStored: ORIGIN, observe: (event) => events.push(event), ...options });
  const delivered: string[] = [];
  const live = bus.live({ ...ignoreAll, message: (_, { id }) => delivered.push(id) });
  const consume = bus.consume({ lastStored: async () => ORIGIN });
  const append = bus.append();
  const settleNext = async (outcome: Outcome = { kind: "stored" }) => {
    const batch = await consume.next(open);
    await consume.settle(batch.map(({ entry }) => ({ entry, outcome })));
    return batch;
  };
  return { bus, append, live, consume, tail: bus.tail(), delivered, events, settleNext };
}

describe("MemoryBus", () => {
  it("L23: an append resolves once the store has the message, and after it was delivered live", async () => {
    const { append, consume, tail, delivered } = start();
    const deliveredBefore: string[][] = [];
    const appended = append.append([draft("hi")]).then((results) => {
      deliveredBefore.push([...delivered]);
      return results;
    });
    const [consumed] = await consume.next(open);
    if (!consumed) throw new Error("next returned nothing");
    const message = messageOf(consumed);
    expect([delivered, await tail.position(), deliveredBefore]).toEqual([[], ORIGIN, []]);
    await consume.settle([{ entry: message, outcome: { kind: "stored" } }]);
    expect(await appended).toEqual([{ ok: true, id: message.id }]);
    expect([deliveredBefore, await tail.position()]).toEqual([[[message.id]], message.id]);
  });

  it("L23: a duplicate resolves with the stored id, a reused ref is refused, and neither is published", async () => {
    const { append, delivered, settleNext, tail } = start();
    const first = append.append([draft("hi", "r")]);
    await settleNext({ kind: "duplicateOf", id: ORIGIN });
    expect(await first).toEqual([{ ok: true, id: ORIGIN }]);
    const second = append.append([draft("ho", "r")]);
    const [reused] = await settleNext({ kind: "refReused" });
    expect((await second).map(code)).toEqual(["ref_reused"]);
    expect([delivered, await tail.position()]).toEqual([[], reused && messageOf(reused).id]);
  });

  it("L23: ids start above the last stored one, and the timestamp is the injected clock's", async () => {
    const lastStored = "0000000005000-0000000003-00";
    let now = 10;
    const { append, settleNext, tail } = start({ lastStored, now: () => now });
    expect(await tail.position()).toBe(lastStored);
    const behind = append.append([draft("a")]);
    await settleNext();
    expect(await behind).toEqual([{ ok: true, id: "0000000005000-0000000004-00" }]);
    now = Date.UTC(2025, 6, 16, 14);
    const [after] = await Promise.all([append.append([draft("b")]), settleNext()]);
    expect(after[0]?.ok && timestampOf(after[0].id)).toBe("2025-07-16T14:00:00.000Z");
  });

  it("L6: drafts of one event-loop turn, and drafts that come while a batch is in flight, share a batch", async () => {
    const { append, consume, settleNext } = start();
    const waiting = consume.next(open);
    const sent: Promise<readonly Appended[]>[] = [];
    // Two timers fire in one event-loop turn, like two sockets that become readable. Microtasks run between them.
    for (const content of ["a", "b"]) setTimeout(() => sent.push(append.append([draft(content)])), 1);
    const batch = await waiting;
    expect(batch.map(contentOf)).toEqual(["a", "b"]);
    sent.push(append.append([draft("c")]), append.append([draft("d")]));
    await consume.settle(batch.map(({ entry }) => ({ entry, outcome: { kind: "stored" } })));
    expect((await settleNext()).map(contentOf)).toEqual(["c", "d"]);
    expect((await Promise.all(sent)).flat().map(code)).toEqual(["ok", "ok", "ok", "ok"]);
  });

  it("P31: after the deadline the outcome is unknown, and a message stored later is published all the same", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { append, consume, delivered, tail } = start({ settleTimeoutMs: 1_000 });
    const late = append.append([draft("late"), draft("too")]);
    const [first, second] = await consume.next(open);
    if (!first || !second) throw new Error("both should be delivered");
    await consume.settle([{ entry: second.entry, outcome: { kind: "stored" } }]);
    vi.advanceTimersByTime(1_000);
    expect((await late).map(code)).toEqual(["unavailable", "unavailable"]);
    await consume.settle([{ entry: first.entry, outcome: { kind: "stored" } }]);
    expect(delivered).toEqual([first, second].map((one) => messageOf(one).id));
    expect(await tail.position()).toBe(messageOf(second).id);
  });

  it("G5: at the bound in messages or bytes drafts get backlog_full with a retry time, until there is room", async () => {
    const { append, settleNext, events } = start({ maxEntries: 2, maxBytes: 10 });
    const taken = append.append([draft("123456"), draft("12345"), draft("1234"), draft("1")]);
    expect(append.problem()).toContain("2 messages");
    await settleNext();
    const [first, ...rest] = await taken;
    expect([first, ...rest].map(code)).toEqual(["ok", "backlog_full", "ok", "backlog_full"]);
    expect(rest[0]?.ok === false && rest[0].error.retryAfterMs).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ type: "append", drafts: 4, refused: 2, unknown: 0 });
    expect(append.problem()).toBeUndefined();
    const [again] = await Promise.all([append.append([draft("1")]), settleNext()]);
    expect(again.map(code)).toEqual(["ok"]);
  });

  it("a message that fails is the problem, with its reason, until the store takes it", async () => {
    const { append, consume, settleNext } = start();
    void append.append([draft("x")]);
    await settleNext({ kind: "failed", reason: "disk full" });
    expect(consume.problem()).toContain("disk full");
    expect((await settleNext())[0]?.deliveries).toBe(2);
    expect(consume.problem()).toBeUndefined();
  });

  it("trim returns the log's state", async () => {
    const { append, consume, settleNext } = start();
    const [[a]] = await Promise.all([append.append([draft("one")]), settleNext()]);
    void append.append([draft("four")]);
    const stored = a?.ok ? a.id : "";
    const state = await consume.trim();
    expect(state).toMatchObject({ watermark: stored, backlogEntries: 1, backlogBytes: 4 });
    expect(state.end > stored).toBe(true);
  });

  it("close waits for the consumer to settle accepted drafts", async () => {
    const { bus, append, settleNext } = start();
    const accepted = append.append([draft("x")]);
    const closed = bus.close();
    expect((await append.append([draft("y")])).map(code)).toEqual(["unavailable"]);
    await settleNext();
    await closed;
    expect((await accepted).map(code)).toEqual(["ok"]);
  });

  it("close ends at its deadline, and drafts that were not settled are unknown", async () => {
    const { bus, append, consume } = start({ closeTimeoutMs: 20 });
    const accepted = append.append([draft("x")]);
    await consume.next(open);
    await bus.close();
    expect((await accepted).map(code)).toEqual(["unavailable"]);
  });

  it("each role can be requested once", () => {
    const { bus } = start();
    expect(() => bus.append()).toThrow("append");
    expect(() => bus.live(ignoreAll)).toThrow("live");
    expect(() => bus.consume({ lastStored: async () => ORIGIN })).toThrow("consume");
    expect(() => bus.tail()).toThrow("tail");
  });
});
