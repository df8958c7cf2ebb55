import { until } from "@parley/async";
import type { MarkFeed } from "@parley/bus";
import { formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient, connectPlainClient } from "../test/chat-client.ts";
import { type RunningGatewayOptions, startGateway } from "../test/running-gateway.ts";

/** Greater than every id of the log in memory, so that it counts as the end. */
const BEYOND = formatId({ ms: 9_999_999_999_999, seq: 0 });
const FAST = { marks: { privateMs: 1, publicMs: 1 } };

async function start(options: RunningGatewayOptions = {}) {
  const gateway = await startGateway({ ...options, config: { ...FAST, ...options.config } });
  const alice = await connectClient(gateway, "alice");
  alice.send({ to: "bob", content: "hi", ref: "r" });
  const { id } = await alice.waitFor("ack");
  return { gateway, alice, id };
}

describe("a read mark", () => {
  it("P70: is heard by all connections of its user with chat.v1, once for each growth, and isn't acknowledged", async () => {
    const { gateway, alice, id } = await start();
    const [again, plain, bob] = await Promise.all([
      connectClient(gateway, "alice"),
      connectPlainClient(gateway, "alice"),
      connectClient(gateway, "bob"),
    ]);
    alice.send({ type: "read", with: "bob", id });
    const mark = { type: "read", by: "alice", with: "bob", id };
    for (const client of [alice, again]) expect(await client.waitFor("read")).toEqual(mark);
    alice.send({ type: "read", with: "bob", id });
    again.send({ type: "read", with: "", id: BEYOND });
    expect(await alice.waitFor("read", 2)).toEqual({ ...mark, with: "" });
    expect([plain, bob].flatMap((client) => client.framesOf("read"))).toEqual([]);
  });

  it("P70: is heard by the other user once it is stored, unless read receipts are off", async () => {
    for (const readReceipts of [true, false]) {
      const { gateway, alice, id } = await start({ config: { readReceipts } });
      const bob = await connectClient(gateway, "bob");
      alice.send({ type: "read", with: "bob", id });
      await alice.waitFor("read");
      expect(bob.framesOf("read")).toEqual([]);
      await gateway.marks.stored([{ user: "alice", with: "bob", id }]);
      bob.send({ type: "ping" });
      await bob.waitFor("pong");
      const heard = { type: "read", by: "alice", with: "bob", id };
      await until(() => bob.framesOf("read").length === (readReceipts ? 1 : 0), "the mark is heard");
      expect(bob.framesOf("read")).toEqual(readReceipts ? [heard] : []);
    }
  });

  it("P70: of several marks that wait the newest one is raised, and all that wait are raised at the end", async () => {
    const { gateway, alice, id } = await start({ config: { marks: { privateMs: 1e6, publicMs: 1e6 } } });
    const earlier = formatId({ ms: 1, seq: 1 });
    for (const mark of [earlier, id, earlier]) alice.send({ type: "read", with: "bob", id: mark });
    alice.send({ type: "read", with: "", id });
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    await gateway.core.close();
    const { marks } = await gateway.marks.list();
    expect(marks).toEqual([
      { user: "alice", with: "bob", id },
      { user: "alice", with: "", id },
    ]);
  });

  it("P70: is kept while the log is unavailable, and raised later", async () => {
    let failures = 2;
    const marks = (feed: MarkFeed): MarkFeed => ({
      raise: (given) => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error("down")) : feed.raise(given);
      },
      join: (user) => feed.join(user),
      leave: (user) => feed.leave(user),
      problem: () => undefined,
    });
    const { gateway, alice, id } = await start({ marks });
    alice.send({ type: "read", with: "bob", id });
    await alice.waitFor("read");
    const failed = gateway.events.filter((event) => event.type === "marks" && event.failed === 1);
    expect(failed.length).toBe(2);
  });

  it.each([
    [{ with: "a b", id: BEYOND }, '`with` must be a username, or "" for the public room.'],
    [{ with: "bob", id: "7" }, "`id` must be the id of a message."],
    [{ id: BEYOND }, '`with` must be a username, or "" for the public room.'],
  ])("P30: an invalid mark is refused, and the error names the field: %o", async (fields, message) => {
    const { alice } = await start();
    alice.send({ type: "read", ...fields });
    expect(await alice.waitFor("error")).toMatchObject({ code: "invalid_message", message });
  });

  it("P70: has a rate of its own, so marks take nothing of the rate of messages", async () => {
    const rate = { perSecond: 1, burst: 4 };
    const { alice, id } = await start({ config: { markRate: rate, rate: { perSecond: 10, burst: 40 } } });
    for (let n = 0; n < 6; n += 1) alice.send({ type: "read", with: "bob", id });
    const refused = await alice.waitFor("error", 2);
    expect(refused).toMatchObject({ code: "rate_limited" });
    alice.send({ to: "bob", content: "still", ref: "r2" });
    await alice.waitFor("ack", 2);
  });

  it("P70: clients with chat.v1 are told to ask again after marks were missed, or if the join took longer than the handshake", async () => {
    const joined = Promise.withResolvers<void>();
    const marks = (feed: MarkFeed): MarkFeed => ({
      raise: (given) => feed.raise(given),
      join: () => joined.promise,
      leave: (user) => feed.leave(user),
      problem: () => undefined,
    });
    const { gateway, alice } = await start({ marks });
    const plain = await connectPlainClient(gateway, "alice");
    expect(alice.framesOf("marks")).toEqual([]);
    joined.resolve();
    expect(await alice.waitFor("marks")).toEqual({ type: "marks" });
    gateway.markListener.missed();
    await alice.waitFor("marks", 2);
    expect(plain.texts.some((text) => text.includes("marks"))).toBe(false);
  });
});
