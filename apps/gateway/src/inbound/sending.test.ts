import { until } from "@parley/async";
import type { Appender } from "@parley/bus";
import { ChatError, encodeServerFrame, isId, timestampOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient, connectPlainClient } from "../test/chat-client.ts";
import { startGateway } from "../test/running-gateway.ts";

const UNLIMITED = { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY };

describe("a message from a client", () => {
  it("P10: is acknowledged with its id and timestamp once it is durable", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    gateway.store.pause();
    alice.send({ to: "bob", content: "hello", ref: "r1" });
    await until(() => gateway.core.problems().length === 0, "the gateway to be ready");
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    expect(alice.framesOf("ack")).toEqual([]);
    gateway.store.resume();
    const ack = await alice.waitFor("ack");
    expect(ack).toEqual({ type: "ack", ref: "r1", id: ack.id, timestamp: timestampOf(ack.id) });
    expect(gateway.store.messages).toEqual([
      { id: ack.id, from: "alice", to: "bob", content: "hello", ref: "r1" },
    ]);
  });

  it("P10: gets no ack without a ref, and is public if `to` is missing or empty", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    alice.send({ content: "one" });
    alice.send({ to: "", content: "two", type: "message" });
    alice.send({ content: "three", ref: "3" });
    await alice.waitFor("ack");
    await bob.waitFor("message", 3);
    expect(bob.framesOf("message").map(({ to, content }) => [to, content])).toEqual([
      ["", "one"],
      ["", "two"],
      ["", "three"],
    ]);
    expect(alice.framesOf("ack")).toHaveLength(1);
  });

  it("P10 G2: with the same ref again gets the same id and stays one message; other content is refused", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    alice.send({ to: "bob", content: "hello", ref: "r" });
    await alice.waitFor("ack");
    alice.send({ to: "bob", content: "hello", ref: "r" });
    alice.send({ to: "bob", content: "other", ref: "r" });
    const again = await alice.waitFor("ack", 2);
    const error = await alice.waitFor("error");
    expect(again.id).toBe(alice.framesOf("ack")[0]?.id);
    expect(error).toMatchObject({ code: "ref_reused", ref: "r", temporary: false });
    alice.send({ to: "bob", content: "end", ref: "s" });
    await bob.waitFor("message", 2);
    expect(bob.contents()).toEqual(["hello", "end"]);
  });

  it("P11: keeps none of the client's `from`, `id` and `timestamp`", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    alice.send({ to: "bob", content: "hi", from: "mallory", id: "0", timestamp: "1970-01-01T00:00:00.000Z" });
    const message = await bob.waitFor("message");
    expect(message.from).toBe("alice");
    expect(isId(message.id)).toBe(true);
    expect(message.timestamp).toBe(timestampOf(message.id));
  });

  it("P12: may have a content of 8 KiB in UTF-8, and not one byte more", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "é".repeat(4_096), ref: "fits" });
    alice.send({ content: `${"é".repeat(4_096)}x`, ref: "does not" });
    expect(await alice.waitFor("ack")).toMatchObject({ ref: "fits" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "content_too_long", ref: "does not" });
  });

  it("P13: enters the log in the order in which its connection sent, over many calls to the log", async () => {
    const gateway = await startGateway({ config: { rate: UNLIMITED } });
    const alice = await connectClient(gateway, "alice");
    const contents = Array.from({ length: 1_000 }, (_, n) => `${n}`);
    for (const content of contents) alice.send({ content, ref: content });
    await alice.waitFor("ack", contents.length);
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(contents);
    expect(alice.framesOf("ack").map(({ ref }) => ref)).toEqual(contents);
    await alice.waitFor("message", contents.length);
    expect(alice.contents()).toEqual(contents);
  });

  it("P13 P30: is answered in the order of sending, with errors among the acks", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    gateway.store.pause();
    for (const ref of ["1", "2", "3"]) {
      alice.send({ content: "good", ref });
      alice.send({ content: "", ref: `${ref} is empty` });
    }
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    expect(alice.framesOf("error")).toEqual([]);
    gateway.store.resume();
    await alice.waitFor("error", 3);
    const refs = alice.frames.flatMap((frame) =>
      frame.type === "ack" || frame.type === "error" ? [frame.ref] : [],
    );
    expect(refs).toEqual(["1", "1 is empty", "2", "2 is empty", "3", "3 is empty"]);
  });

  it("P13: is answered in the order of sending, even if the log answers a later call first", async () => {
    let releaseFirst: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      releaseFirst = resolve;
    });
    let calls = 0;
    const gateway = await startGateway({
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
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "1", ref: "1" });
    await until(() => calls === 1, "the first call");
    alice.send({ content: "2", ref: "2" });
    await alice.waitFor("message", 2);
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    expect(alice.framesOf("ack")).toEqual([]);
    releaseFirst();
    await alice.waitFor("ack", 2);
    expect(alice.framesOf("ack").map(({ ref }) => ref)).toEqual(["1", "2"]);
  });
});

describe("a message that can't be appended", () => {
  const failing = (error: ChatError) => (append: Appender) => ({
    problem: () => append.problem(),
    append: async (drafts: readonly unknown[]) => drafts.map(() => ({ ok: false as const, error })),
  });

  it("P30 P31: gets the temporary error unavailable, with its ref, if the outcome is unknown", async () => {
    const gateway = await startGateway({ append: failing(new ChatError("unavailable")) });
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "hello", ref: "r" });
    const error = await alice.waitFor("error");
    expect(error).toMatchObject({ code: "unavailable", temporary: true, ref: "r" });
    expect(alice.framesOf("ack")).toEqual([]);
  });

  it("P30 G4: gets an error with a retry time even without a ref", async () => {
    const gateway = await startGateway({
      append: failing(new ChatError("backlog_full", { retryAfterMs: 700 })),
    });
    const alice = await connectPlainClient(gateway, "alice");
    alice.send({ content: "hello" });
    const error = await alice.waitFor("error");
    expect(error).toMatchObject({ code: "backlog_full", temporary: true, retryAfterMs: 700 });
    expect(gateway.events).toContainEqual(
      expect.objectContaining({ type: "sent", failed: { backlog_full: 1 } }),
    );
  });

  it("P31: has an unknown outcome if the appender rejects, and later messages still work", async () => {
    let isBroken = true;
    const gateway = await startGateway({
      append: (append) => ({
        problem: () => append.problem(),
        append: (drafts) => (isBroken ? Promise.reject(new Error("broken")) : append.append(drafts)),
      }),
    });
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "hello", ref: "r" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "unavailable", ref: "r" });
    isBroken = false;
    alice.send({ content: "hello", ref: "r" });
    expect(await alice.waitFor("ack")).toMatchObject({ ref: "r" });
  });

  it("G5: reading from a client that sends faster than the log answers is paused, and nothing is lost", async () => {
    let drafts = 0;
    const gateway = await startGateway({
      config: { rate: UNLIMITED, maxUnanswered: 16 },
      append: (append) => ({
        problem: () => append.problem(),
        append: (batch) => {
          drafts += batch.length;
          return append.append(batch);
        },
      }),
    });
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    gateway.store.pause();
    const refs = Array.from({ length: 4_000 }, (_, n) => `${n}`);
    for (const ref of refs) alice.send({ content: "x".repeat(1_000), ref });
    await until(() => gateway.events.some(({ type }) => type === "held-back"), "alice to be held back");
    bob.send({ type: "ping" });
    await bob.waitFor("pong");
    // The frames in the chunk that was read last are accepted too.
    expect(drafts).toBeLessThan(16 + 65_536 / 1_000);
    gateway.store.resume();
    await alice.waitFor("ack", refs.length);
    expect(alice.framesOf("ack").map(({ ref }) => ref)).toEqual(refs);
    expect(alice.framesOf("error")).toEqual([]);
  });
});

describe("the rate limit", () => {
  it("P32: is shared by all connections of a user; beyond it frames get rate_limited with ref and retryAfterMs", async () => {
    const gateway = await startGateway({ config: { rate: { perSecond: 1, burst: 4 } } });
    const [one, two] = [await connectClient(gateway, "alice"), await connectClient(gateway, "alice")];
    for (const ref of ["1", "2", "3", "4"]) one.send({ content: "x", ref });
    await one.waitFor("ack", 4);
    two.send({ content: "x", ref: "5" });
    const error = await two.waitFor("error");
    expect(error).toMatchObject({ code: "rate_limited", ref: "5", temporary: true });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(error.retryAfterMs).toBeLessThanOrEqual(1_000);
    const bob = await connectClient(gateway, "bob");
    bob.send({ content: "x", ref: "1" });
    await bob.waitFor("ack");
    expect(gateway.store.messages).toHaveLength(5);
  });

  it("P32: closes with 1008 at ten times the rate", async () => {
    const gateway = await startGateway({ config: { rate: { perSecond: 2, burst: 8 } } });
    const alice = await connectClient(gateway, "alice");
    for (let n = 0; n < 300; n++) alice.send({ content: `${n}` });
    expect(await alice.waitForClose()).toEqual({ code: 1008, reason: "far over the rate limit" });
    expect(alice.framesOf("error").filter(({ code }) => code === "rate_limited")).toHaveLength(192);
  });
});

describe("a ping", () => {
  it("P14: is answered with pong", async () => {
    const alice = await connectPlainClient(await startGateway(), "alice");
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    expect(alice.texts).toEqual([encodeServerFrame({ type: "pong" })]);
  });
});
