import { until } from "@parley/async";
import { describe, expect, it } from "vitest";
import { type Chatter, chatter, plainChatter } from "../test/chat-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";
import { spreadOf } from "./drain.ts";

const disconnected = (house: House) => house.events.filter((event) => event.type === "disconnected");

describe("the end of a token", () => {
  it("P6: ends the connection with 4001", async () => {
    let now = Date.now();
    const house = await openHouse({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await chatter(house, "alice");
    now += 599_000;
    alice.say({ type: "ping" });
    await alice.get("pong");
    now += 2_000;
    expect(await alice.end()).toEqual({ code: 4001, reason: "token expired" });
  });

  it("P6: a fresh token of the same user moves it, and its end is told", async () => {
    let now = Date.now();
    const house = await openHouse({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await plainChatter(house, "alice");
    alice.say({ type: "auth", token: await house.token("alice", 3_600) });
    const { expiresAt } = await alice.get("auth");
    expect(Date.parse(expiresAt)).toBeGreaterThan(now + 3_500_000);
    now += 700_000;
    alice.say({ type: "ping" });
    await alice.get("pong");
    now = Date.parse(expiresAt);
    expect((await alice.end()).code).toBe(4001);
  });

  it("P6: a bad or foreign token is unauthorized, and the old end stands", async () => {
    let now = Date.now();
    const house = await openHouse({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await chatter(house, "alice");
    for (const token of ["rubbish", await house.token("bob", 3_600)]) {
      const before = alice.of("error").length;
      alice.say({ type: "auth", token });
      expect(await alice.get("error", before + 1)).toMatchObject({ code: "unauthorized", temporary: false });
    }
    now += 601_000;
    expect((await alice.end()).code).toBe(4001);
  });

  it("P6: a second token while the first is verified is told to wait", async () => {
    const house = await openHouse();
    const alice = await chatter(house, "alice");
    const token = await house.token("alice", 3_600);
    alice.say({ type: "auth", token });
    alice.say({ type: "auth", token });
    expect(await alice.get("error")).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
    await alice.get("auth");
  });

  it("P6: a token that ends in a hundred years is no reason to end at once", async () => {
    const house = await openHouse({ config: { heartbeatMs: 100 } });
    const alice = await chatter(house, "alice");
    alice.say({ type: "auth", token: await house.token("alice", 3_155_760_000) });
    await alice.get("auth");
    await until(() => alice.pings > 1, "some sweeps");
    alice.say({ type: "ping" });
    await alice.get("pong");
  });

  it("P6 P31: what was taken before the end of the token is answered before the close", async () => {
    let now = Date.now();
    const house = await openHouse({ now: () => now, config: { heartbeatMs: 100 } });
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    bob.say({ type: "auth", token: await house.token("bob", 3_600) });
    await bob.get("auth");
    house.store.pause();
    alice.say({ content: "in time", ref: "r" });
    alice.say({ type: "ping" });
    await alice.get("pong");
    now += 601_000;
    const pings = bob.pings;
    await until(() => bob.pings > pings + 2, "sweeps");
    expect(alice.closed).toBeUndefined();
    alice.say({ content: "too late", ref: "s" });
    house.store.resume();
    expect((await alice.end()).code).toBe(4001);
    expect(alice.of("ack").map(({ ref }) => ref)).toEqual(["r"]);
    expect(house.store.messages.map(({ content }) => content)).toEqual(["in time"]);
  });
});

describe("one that leaves", () => {
  it("P6 G5: does not wait for ever for an answer that does not come", async () => {
    let now = Date.now();
    const house = await openHouse({ now: () => now, config: { heartbeatMs: 100, leaveMs: 50 } });
    const alice = await chatter(house, "alice");
    house.store.pause();
    alice.say({ content: "never stored", ref: "r" });
    alice.say({ type: "ping" });
    await alice.get("pong");
    now += 601_000;
    expect((await alice.end()).code).toBe(4001);
    expect(alice.of("ack")).toEqual([]);
  });
});

describe("the heartbeat", () => {
  it("P14: pings, and drops one that has not answered by the next, and no other", async () => {
    const house = await openHouse({ config: { heartbeatMs: 200 } });
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    bob.ws.pause();
    const [gone] = await until(
      () => (disconnected(house).length > 0 ? disconnected(house) : undefined),
      "the drop",
    );
    expect(gone).toMatchObject({ user: "bob", code: 1006, cause: "no answer to a ping" });
    const pings = alice.pings;
    await until(() => alice.pings > pings + 2, "more pings");
    expect(disconnected(house)).toHaveLength(1);
  });

  it("P14: one that is read no further is not taken for dead", async () => {
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({
      config: { heartbeatMs: 100, maxUnanswered: 4, rate: { perSecond: none, burst: none } },
    });
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    house.store.pause();
    for (let n = 0; n < 50; n++) alice.say({ content: "x".repeat(8_000), ref: `${n}` });
    await until(() => house.events.some(({ type }) => type === "held-back"), "alice to be held back");
    const pings = bob.pings;
    await until(() => bob.pings > pings + 4, "several heartbeats");
    house.store.resume();
    await alice.get("ack", 50);
  });
});

describe("the drain", () => {
  it("P41: is quick for few, and bounded for many", () => {
    expect([0, 1, 11, 2_001, 100_000].map((connections) => spreadOf(connections, 20_000))).toEqual([
      0, 0, 100, 20_000, 20_000,
    ]);
    expect(spreadOf(100_000, 24_000)).toBeLessThan(24_000);
  });

  it("P40 P41: tells when to reconnect, closes in a spread with 1012, and ends", async () => {
    const house = await openHouse();
    const clients = await Promise.all(Array.from({ length: 16 }, (_, n) => chatter(house, `user${n}`)));
    const ends: number[] = [];
    for (const { ws } of clients) ws.on("close", () => ends.push(performance.now()));
    const began = performance.now();
    await house.gateway.drain();
    const took = performance.now() - began;
    const hints = await Promise.all(clients.map(async (client) => (await client.get("reconnect")).afterMs));
    expect(hints.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, n) => n * 10));
    for (const client of clients) expect((await client.end()).code).toBe(1012);
    expect(disconnected(house).map(({ code }) => code)).toEqual(clients.map(() => 1012));
    expect(took).toBeLessThan(3_000);
    expect(took).toBeGreaterThan(140);
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(50);
    expect(house.gateway.problems()).toEqual(["this process is stopping"]);
  });

  it("P41 G1: under load, everything acknowledged is stored, and everything stored and read is acknowledged", async () => {
    const house = await openHouse({ config: { drainMs: 300 } });
    const clients = await Promise.all(Array.from({ length: 40 }, (_, n) => chatter(house, `user${n}`)));
    let isOver = false;
    const load = Promise.all(
      clients.map(async (client, n) => {
        for (let sent = 0; !isOver && client.ws.readyState === client.ws.OPEN; sent++) {
          client.say({ content: `${n}/${sent}`, ref: `${sent}` });
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }),
    );
    await until(() => house.store.messages.length > 500, "some load");
    await house.gateway.drain();
    isOver = true;
    await load;
    await Promise.all(clients.map((client) => client.end()));
    const acked = clients.flatMap((client) => client.of("ack").map(({ id }) => id));
    const stored = new Set(house.store.messages.map(({ id }) => id));
    expect(acked.every((id) => stored.has(id))).toBe(true);
    expect(stored.size).toBe(acked.length);
    expect(clients.flatMap((client) => client.of("error"))).toEqual([]);
    expect(codesOf(clients)).toEqual([1012]);
  });

  it("P41: waits for what is under way, so that it is acknowledged", async () => {
    const house = await openHouse();
    const alice = await chatter(house, "alice");
    house.store.pause();
    alice.say({ content: "just in time", ref: "r" });
    alice.say({ type: "ping" });
    await alice.get("pong");
    const drained = house.gateway.drain();
    alice.say({ content: "too late", ref: "s" });
    await alice.get("reconnect");
    house.store.resume();
    await drained;
    expect((await alice.end()).code).toBe(1012);
    expect(alice.of("ack").map(({ ref }) => ref)).toEqual(["r"]);
  });

  it("P41: one that does not answer its close frame holds nobody up for long", async () => {
    const house = await openHouse();
    const [alice, bob] = [await chatter(house, "alice"), await chatter(house, "bob")];
    bob.ws.pause();
    const began = performance.now();
    await house.gateway.drain();
    await house.gateway.close();
    expect(performance.now() - began).toBeLessThan(7_000);
    expect((await alice.end()).code).toBe(1012);
    await until(() => disconnected(house).length === 2, "bob's end");
  }, 15_000);

  it("P41: close ends everything now, also twice and after a drain", async () => {
    const house = await openHouse();
    const clients = await Promise.all(["alice", "bob"].map((user) => chatter(house, user)));
    await house.gateway.close();
    for (const client of clients) expect((await client.end()).code).toBe(1006);
    await house.gateway.close();
    await house.gateway.drain();
    await until(() => disconnected(house).length === 2, "both ends");
  });
});

function codesOf(clients: readonly Chatter[]): (number | undefined)[] {
  return [...new Set(clients.map((client) => client.closed?.code))];
}
