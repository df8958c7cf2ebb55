import { inBackground, until } from "@parley/async";
import { describe, expect, it } from "vitest";
import { type ChatClient, connectClient, connectPlainClient } from "../test/chat-client.ts";
import { type RunningGateway, startGateway } from "../test/running-gateway.ts";
import { spreadOf } from "./drain.ts";

const disconnected = (gateway: RunningGateway) =>
  gateway.events.filter((event) => event.type === "disconnected");

describe("an expired token", () => {
  it("P6: ends the connection with 4001", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await connectClient(gateway, "alice");
    now += 599_000;
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    now += 2_000;
    expect(await alice.waitForClose()).toEqual({ code: 4001, reason: "token expired" });
  });

  it("P6: a fresh token of the same user extends the connection, and the answer has the new expiry", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await connectPlainClient(gateway, "alice");
    alice.send({ type: "auth", token: await gateway.token("alice", 3_600) });
    const { expiresAt } = await alice.waitFor("auth");
    expect(Date.parse(expiresAt)).toBeGreaterThan(now + 3_500_000);
    now += 700_000;
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    now = Date.parse(expiresAt);
    expect((await alice.waitForClose()).code).toBe(4001);
  });

  it("P6: an invalid token or another user's is unauthorized, and the old expiry stays in force", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 100 } });
    const alice = await connectClient(gateway, "alice");
    for (const token of ["garbage", await gateway.token("bob", 3_600)]) {
      const before = alice.framesOf("error").length;
      alice.send({ type: "auth", token });
      expect(await alice.waitFor("error", before + 1)).toMatchObject({
        code: "unauthorized",
        temporary: false,
      });
    }
    now += 601_000;
    expect((await alice.waitForClose()).code).toBe(4001);
  });

  it("P6: an unexpected failure to verify is reported, and the client gets internal", async () => {
    const cause = new Error("a fault of the verifier");
    let calls = 0;
    const identity = {
      user: "alice",
      scopes: new Set<string>(),
      issuedAt: 0,
      expiresAt: Date.now() + 600_000,
    };
    const gateway = await startGateway({
      verifier: {
        problem: () => undefined,
        verify: () => (calls++ === 0 ? Promise.resolve(identity) : Promise.reject(cause)),
      },
    });
    const alice = await connectClient(gateway, "alice");
    alice.send({ type: "auth", token: "x" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "internal" });
    expect(gateway.events).toContainEqual(expect.objectContaining({ type: "failure", error: cause }));
  });

  it("P6: a second token while the first is being verified gets rate_limited with a retry time", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    const token = await gateway.token("alice", 3_600);
    alice.send({ type: "auth", token });
    alice.send({ type: "auth", token });
    expect(await alice.waitFor("error")).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
    await alice.waitFor("auth");
  });

  it("P6: a token that expires in a hundred years doesn't end the connection at once", async () => {
    const gateway = await startGateway({ config: { heartbeatMs: 100 } });
    const alice = await connectClient(gateway, "alice");
    alice.send({ type: "auth", token: await gateway.token("alice", 3_155_760_000) });
    await alice.waitFor("auth");
    await until(() => alice.pings > 1, "some heartbeats");
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
  });

  it("P6 P31: frames accepted before the token expired are answered before the close", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 100 } });
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    bob.send({ type: "auth", token: await gateway.token("bob", 3_600) });
    await bob.waitFor("auth");
    gateway.store.pause();
    alice.send({ content: "in time", ref: "r" });
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    now += 601_000;
    const pings = bob.pings;
    await until(() => bob.pings > pings + 2, "heartbeats");
    expect(alice.closed).toBeUndefined();
    alice.send({ content: "too late", ref: "s" });
    gateway.store.resume();
    expect((await alice.waitForClose()).code).toBe(4001);
    expect(alice.framesOf("ack").map(({ ref }) => ref)).toEqual(["r"]);
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(["in time"]);
  });
});

describe("a connection that is leaving", () => {
  it("P6 G5: is closed after a bounded time if an answer doesn't come", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, config: { heartbeatMs: 100, leaveMs: 50 } });
    const alice = await connectClient(gateway, "alice");
    gateway.store.pause();
    alice.send({ content: "never stored", ref: "r" });
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    now += 601_000;
    expect((await alice.waitForClose()).code).toBe(4001);
    expect(alice.framesOf("ack")).toEqual([]);
  });
});

describe("the heartbeat", () => {
  it("P14: drops a client that hasn't answered a ping by the next one, and no other", async () => {
    const gateway = await startGateway({ config: { heartbeatMs: 200 } });
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    bob.ws.pause();
    const [dropped] = await until(
      () => (disconnected(gateway).length > 0 ? disconnected(gateway) : undefined),
      "the drop",
    );
    expect(dropped).toMatchObject({ user: "bob", code: 1006, cause: "no answer to a ping" });
    const pings = alice.pings;
    await until(() => alice.pings > pings + 2, "more pings");
    expect(disconnected(gateway)).toHaveLength(1);
  });

  it("P14: doesn't drop a client whose reading is paused", async () => {
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { heartbeatMs: 100, maxUnanswered: 4, rate: { perSecond: none, burst: none } },
    });
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    gateway.store.pause();
    for (let n = 0; n < 50; n++) alice.send({ content: "x".repeat(8_000), ref: `${n}` });
    await until(() => gateway.events.some(({ type }) => type === "held-back"), "alice to be held back");
    const pings = bob.pings;
    await until(() => bob.pings > pings + 4, "several heartbeats");
    gateway.store.resume();
    await alice.waitFor("ack", 50);
  });
});

describe("the drain", () => {
  it("P41: is short for few connections, and bounded for many", () => {
    expect([0, 1, 11, 2_001, 100_000].map((connections) => spreadOf(connections, 20_000))).toEqual([
      0, 0, 100, 20_000, 20_000,
    ]);
    expect(spreadOf(100_000, 24_000)).toBeLessThan(24_000);
  });

  it("P40 P41: announces when to reconnect, closes in a spread with 1012, and resolves", async () => {
    const gateway = await startGateway();
    const clients = await Promise.all(
      Array.from({ length: 16 }, (_, n) => connectClient(gateway, `user${n}`)),
    );
    const endTimes: number[] = [];
    for (const { ws } of clients) ws.on("close", () => endTimes.push(performance.now()));
    const startedAt = performance.now();
    await gateway.core.drain();
    const took = performance.now() - startedAt;
    const hints = await Promise.all(
      clients.map(async (client) => (await client.waitFor("reconnect")).afterMs),
    );
    expect(hints.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, n) => n * 10));
    for (const client of clients) expect((await client.waitForClose()).code).toBe(1012);
    expect(disconnected(gateway).map(({ code }) => code)).toEqual(clients.map(() => 1012));
    expect(took).toBeLessThan(10_000);
    expect(took).toBeGreaterThan(140);
    expect(Math.max(...endTimes) - Math.min(...endTimes)).toBeGreaterThan(50);
    expect(gateway.core.problems()).toEqual(["this process is stopping"]);
  });

  it("P41 G1: under load, everything acknowledged is stored, and everything stored is acknowledged", async () => {
    const gateway = await startGateway({ config: { drainMs: 300 } });
    const clients = await Promise.all(
      Array.from({ length: 40 }, (_, n) => connectClient(gateway, `user${n}`)),
    );
    let isLoadOver = false;
    const load = inBackground(
      Promise.all(
        clients.map(async (client, n) => {
          for (let sent = 0; !isLoadOver && client.ws.readyState === client.ws.OPEN; sent++) {
            client.send({ content: `${n}/${sent}`, ref: `${sent}` });
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        }),
      ),
    );
    await until(() => gateway.store.messages.length > 500, "some load");
    await gateway.core.drain();
    isLoadOver = true;
    await load;
    await Promise.all(clients.map((client) => client.waitForClose()));
    const acked = clients.flatMap((client) => client.framesOf("ack").map(({ id }) => id));
    const stored = new Set(gateway.store.messages.map(({ id }) => id));
    expect(acked.every((id) => stored.has(id))).toBe(true);
    expect(stored.size).toBe(acked.length);
    expect(clients.flatMap((client) => client.framesOf("error"))).toEqual([]);
    expect(codesOf(clients)).toEqual([1012]);
  });

  it("P41: waits for messages in flight and acknowledges them", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    gateway.store.pause();
    alice.send({ content: "just in time", ref: "r" });
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    const drained = gateway.core.drain();
    alice.send({ content: "too late", ref: "s" });
    await alice.waitFor("reconnect");
    gateway.store.resume();
    await drained;
    expect((await alice.waitForClose()).code).toBe(1012);
    expect(alice.framesOf("ack").map(({ ref }) => ref)).toEqual(["r"]);
  });

  it("P41: a client that doesn't answer its close frame delays the drain only for a bounded time", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    bob.ws.pause();
    const startedAt = performance.now();
    await gateway.core.drain();
    await gateway.core.close();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect((await alice.waitForClose()).code).toBe(1012);
    await until(() => disconnected(gateway).length === 2, "bob's end");
  }, 60_000);

  it("P41: close ends every connection at once, also when called twice or before a drain", async () => {
    const gateway = await startGateway();
    const clients = await Promise.all(["alice", "bob"].map((user) => connectClient(gateway, user)));
    await gateway.core.close();
    for (const client of clients) expect((await client.waitForClose()).code).toBe(1006);
    await gateway.core.close();
    await gateway.core.drain();
    await until(() => disconnected(gateway).length === 2, "both ends");
  });
});

function codesOf(clients: readonly ChatClient[]): (number | undefined)[] {
  return [...new Set(clients.map((client) => client.closed?.code))];
}
