import { until } from "@parley/async";
import type { Appender } from "@parley/bus";
import { ChatError, encodeServerFrame, isId, timestampOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { chatter, plainChatter } from "../test/chat-client.ts";
import { openHouse } from "../test/running-gateway.ts";

const UNLIMITED = { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY };

describe("a message on its way in", () => {
  it("P10: is acknowledged with id and timestamp, once it is stored", async () => {
    const house = await openHouse();
    const alice = await chatter(house, "alice");
    house.store.pause();
    alice.say({ to: "bob", content: "hello", ref: "r1" });
    await until(() => house.gateway.problems().length === 0, "the draft to be taken");
    alice.say({ type: "ping" });
    await alice.get("pong");
    expect(alice.of("ack")).toEqual([]);
    house.store.resume();
    const ack = await alice.get("ack");
    expect(ack).toEqual({ type: "ack", ref: "r1", id: ack.id, timestamp: timestampOf(ack.id) });
    expect(house.store.messages).toEqual([
      { id: ack.id, from: "alice", to: "bob", content: "hello", ref: "r1" },
    ]);
  });

  it("P10: without a ref there is no ack, with to missing or empty it is public", async () => {
    const house = await openHouse();
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    alice.say({ content: "one" });
    alice.say({ to: "", content: "two", type: "message" });
    alice.say({ content: "three", ref: "3" });
    await alice.get("ack");
    await bob.get("message", 3);
    expect(bob.of("message").map(({ to, content }) => [to, content])).toEqual([
      ["", "one"],
      ["", "two"],
      ["", "three"],
    ]);
    expect(alice.of("ack")).toHaveLength(1);
  });

  it("P10 G2: the same ref again gives the same id and one message; other content is refused", async () => {
    const house = await openHouse();
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    alice.say({ to: "bob", content: "hello", ref: "r" });
    await alice.get("ack");
    alice.say({ to: "bob", content: "hello", ref: "r" });
    alice.say({ to: "bob", content: "other", ref: "r" });
    const again = await alice.get("ack", 2);
    const error = await alice.get("error");
    expect(again.id).toBe(alice.of("ack")[0]?.id);
    expect(error).toMatchObject({ code: "ref_reused", ref: "r", temporary: false });
    alice.say({ to: "bob", content: "end", ref: "s" });
    await bob.get("message", 2);
    expect(bob.contents()).toEqual(["hello", "end"]);
  });

  it("P11: what a client says about from, id or timestamp is ignored", async () => {
    const house = await openHouse();
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    alice.say({ to: "bob", content: "hi", from: "mallory", id: "0", timestamp: "1970-01-01T00:00:00.000Z" });
    const message = await bob.get("message");
    expect(message.from).toBe("alice");
    expect(isId(message.id)).toBe(true);
    expect(message.timestamp).toBe(timestampOf(message.id));
  });

  it("P12: content of 8 KiB in UTF-8 passes, one byte more does not", async () => {
    const house = await openHouse();
    const alice = await chatter(house, "alice");
    alice.say({ content: "é".repeat(4_096), ref: "fits" });
    alice.say({ content: `${"é".repeat(4_096)}x`, ref: "does not" });
    expect(await alice.get("ack")).toMatchObject({ ref: "fits" });
    expect(await alice.get("error")).toMatchObject({ code: "content_too_long", ref: "does not" });
  });

  it("P13: messages of one connection enter the log in the order sent, over many calls", async () => {
    const house = await openHouse({ config: { rate: UNLIMITED } });
    const alice = await chatter(house, "alice");
    const contents = Array.from({ length: 1_000 }, (_, n) => `${n}`);
    for (const content of contents) alice.say({ content, ref: content });
    await alice.get("ack", contents.length);
    expect(house.store.messages.map(({ content }) => content)).toEqual(contents);
    expect(alice.of("ack").map(({ ref }) => ref)).toEqual(contents);
    await alice.get("message", contents.length);
    expect(alice.contents()).toEqual(contents);
  });

  it("P13 P30: answers come in the order of what was sent, errors among acks", async () => {
    const house = await openHouse();
    const alice = await chatter(house, "alice");
    house.store.pause();
    for (const ref of ["1", "2", "3"]) {
      alice.say({ content: "good", ref });
      alice.say({ content: "", ref: `${ref} is empty` });
    }
    alice.say({ type: "ping" });
    await alice.get("pong");
    expect(alice.of("error")).toEqual([]);
    house.store.resume();
    await alice.get("error", 3);
    const refs = alice.frames.flatMap((frame) =>
      frame.type === "ack" || frame.type === "error" ? [frame.ref] : [],
    );
    expect(refs).toEqual(["1", "1 is empty", "2", "2 is empty", "3", "3 is empty"]);
  });

  it("P13: answers keep that order, though a later call to the log be answered earlier", async () => {
    let first: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      first = resolve;
    });
    let calls = 0;
    const house = await openHouse({
      append: (append) => ({
        problem: () => append.problem(),
        append: async (drafts) => {
          calls += 1;
          const isFirst = calls === 1;
          const appended = await append.append(drafts);
          if (isFirst) await gate;
          return appended;
        },
      }),
    });
    const alice = await chatter(house, "alice");
    alice.say({ content: "1", ref: "1" });
    await until(() => calls === 1, "the first call");
    alice.say({ content: "2", ref: "2" });
    await alice.get("message", 2);
    alice.say({ type: "ping" });
    await alice.get("pong");
    expect(alice.of("ack")).toEqual([]);
    first();
    await alice.get("ack", 2);
    expect(alice.of("ack").map(({ ref }) => ref)).toEqual(["1", "2"]);
  });
});

describe("what cannot be done", () => {
  const failing = (error: ChatError) => (append: Appender) => ({
    problem: () => append.problem(),
    append: async (drafts: readonly unknown[]) => drafts.map(() => ({ ok: false as const, error })),
  });

  it("P30 P31: an unknown outcome is the temporary error unavailable, with the ref", async () => {
    const house = await openHouse({ append: failing(new ChatError("unavailable")) });
    const alice = await chatter(house, "alice");
    alice.say({ content: "hello", ref: "r" });
    const error = await alice.get("error");
    expect(error).toMatchObject({ code: "unavailable", temporary: true, ref: "r" });
    expect(alice.of("ack")).toEqual([]);
  });

  it("P30 G4: a message without a ref that failed gets its error too, with the time to try again", async () => {
    const house = await openHouse({ append: failing(new ChatError("backlog_full", { retryAfterMs: 700 })) });
    const alice = await plainChatter(house, "alice");
    alice.say({ content: "hello" });
    const error = await alice.get("error");
    expect(error).toMatchObject({ code: "backlog_full", temporary: true, retryAfterMs: 700 });
    expect(house.events).toContainEqual(
      expect.objectContaining({ type: "sent", failed: { backlog_full: 1 } }),
    );
  });

  it("P31: an append that breaks its promise is an unknown outcome, and stops nobody", async () => {
    let isBroken = true;
    const house = await openHouse({
      append: (append) => ({
        problem: () => append.problem(),
        append: (drafts) => (isBroken ? Promise.reject(new Error("broken")) : append.append(drafts)),
      }),
    });
    const alice = await chatter(house, "alice");
    alice.say({ content: "hello", ref: "r" });
    expect(await alice.get("error")).toMatchObject({ code: "unavailable", ref: "r" });
    isBroken = false;
    alice.say({ content: "hello", ref: "r" });
    expect(await alice.get("ack")).toMatchObject({ ref: "r" });
  });

  it("G5: one that sends faster than it is answered is read no further, and loses nothing", async () => {
    let drafts = 0;
    const house = await openHouse({
      config: { rate: UNLIMITED, maxUnanswered: 16 },
      append: (append) => ({
        problem: () => append.problem(),
        append: (given) => {
          drafts += given.length;
          return append.append(given);
        },
      }),
    });
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    house.store.pause();
    const refs = Array.from({ length: 4_000 }, (_, n) => `${n}`);
    for (const ref of refs) alice.say({ content: "x".repeat(1_000), ref });
    await until(() => house.events.some(({ type }) => type === "held-back"), "alice to be held back");
    bob.say({ type: "ping" });
    await bob.get("pong");
    // What stands in the chunk that was read last is taken still.
    expect(drafts).toBeLessThan(16 + 65_536 / 1_000);
    house.store.resume();
    await alice.get("ack", refs.length);
    expect(alice.of("ack").map(({ ref }) => ref)).toEqual(refs);
    expect(alice.of("error")).toEqual([]);
  });
});

describe("the rate", () => {
  it("P32: over it, rate_limited with ref and retryAfterMs, over all connections of the user", async () => {
    const house = await openHouse({ config: { rate: { perSecond: 1, burst: 4 } } });
    const [one, two] = [await chatter(house, "alice"), await chatter(house, "alice")];
    for (const ref of ["1", "2", "3", "4"]) one.say({ content: "x", ref });
    await one.get("ack", 4);
    two.say({ content: "x", ref: "5" });
    const error = await two.get("error");
    expect(error).toMatchObject({ code: "rate_limited", ref: "5", temporary: true });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(error.retryAfterMs).toBeLessThanOrEqual(1_000);
    const bob = await chatter(house, "bob");
    bob.say({ content: "x", ref: "1" });
    await bob.get("ack");
    expect(house.store.messages).toHaveLength(5);
  });

  it("P32: ten times the rate closes with 1008", async () => {
    const house = await openHouse({ config: { rate: { perSecond: 2, burst: 8 } } });
    const alice = await chatter(house, "alice");
    for (let n = 0; n < 300; n++) alice.say({ content: `${n}` });
    expect(await alice.end()).toEqual({ code: 1008, reason: "far over the rate" });
    expect(alice.of("error").filter(({ code }) => code === "rate_limited")).toHaveLength(192);
  });
});

describe("ping", () => {
  it("P14: is answered with pong", async () => {
    const alice = await plainChatter(await openHouse(), "alice");
    alice.say({ type: "ping" });
    await alice.get("pong");
    expect(alice.texts).toEqual([encodeServerFrame({ type: "pong" })]);
  });
});
