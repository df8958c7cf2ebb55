import { until } from "@parley/async";
import { type App, freePort, startApp } from "@parley/local";
import type { Message } from "@parley/models";
import { mongoServer, redisServer } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { describeSplit } from "../rig/shapes.ts";

async function readiness({ adminUrl }: App): Promise<{ status: number; text: string }> {
  const response = await fetch(`${adminUrl}/readyz`);
  return { status: response.status, text: await response.text() };
}

const untilReady = (app: App) =>
  until(async () => {
    const { status, text } = await readiness(app);
    if (status !== 200) throw new Error(`${text}\n${app.output()}`);
    return true;
  }, `${app.name} to be ready`);

await describeSplit("outages", { hasOwnMongo: true }, (deployment) => {
  const { redis, gateways, gatewayApps, persisters, historyApi, token, history, read, stop } = deployment;
  const mongo = deployment.ownMongo();
  afterAll(() => stop());

  it("F5: while Redis stalls nothing is acknowledged, the sender gets an error, and a retry is one message", async () => {
    const alice = await ChatClient.connect(gateways[0], await token("alice"));
    await redis.kill("SIGSTOP");
    expect(await alice.sendOnce("bob", "in the stall", "r1")).toMatchObject({ code: "unavailable" });
    await redis.kill("SIGCONT");
    const ack = await alice.send("bob", "in the stall", "r1");
    const messages = await read<Message[]>("alice", "/messages/bob");
    expect(messages).toMatchObject([{ id: ack.id, content: "in the stall" }]);
    alice.socket.terminate();
  });

  it("F6: after Redis is killed and restarted, acknowledged messages are there and every service recovers by itself", async () => {
    const alice = await ChatClient.connect(gateways[0], await token("alice"));
    const before = await alice.send("bob", "before the crash");
    await redis.kill("SIGKILL");
    await until(async () => (await readiness(gatewayApps[0])).status === 503, "the gateway not to be ready");
    await redis.restart();
    await Promise.all([...gatewayApps, historyApi, ...persisters].map(untilReady));
    const bob = await ChatClient.connect(gateways[1], await token("bob"));
    const after = await alice.send("bob", "after the crash", "r2");
    await bob.message("after the crash");
    const messages = await read<Message[]>("bob", "/messages/alice");
    expect(messages.slice(-2)).toMatchObject([{ id: before.id }, { id: after.id }]);
    for (const { socket } of [alice, bob]) socket.terminate();
  });

  it("F11, P55: without MongoDB history answers 503 with Retry-After, sends go on, and everything is there afterwards", async () => {
    const alice = await ChatClient.connect(gateways[0], await token("alice"));
    await mongo.kill("SIGKILL");
    const refused = await history("alice", "/messages/bob");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
    const { id } = await alice.send("bob", "while MongoDB is away");
    await mongo.restart();
    const messages = await read<Message[]>("alice", "/messages/bob");
    expect(messages.at(-1)).toMatchObject({ id, content: "while MongoDB is away" });
    alice.socket.terminate();
  });
});

describe("services that start before their servers", () => {
  it("wait, report that they aren't ready, and recover by themselves", async ({ skip }) => {
    const [redisPort, mongoPort] = [await freePort(), await freePort()];
    const env = {
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      MONGO_URL: `mongodb://127.0.0.1:${mongoPort}`,
      JWT_SECRET: "a-secret-for-tests-only-long-enough-for-HS256",
    };
    const apps = await Promise.all(
      (["gateway", "persister", "history-api"] as const).map((name) =>
        startApp(name, { built: true, env, until: "live" }),
      ),
    );
    for (const app of apps) {
      const { status, text } = await readiness(app);
      expect(status).toBe(503);
      expect(text).toMatch(app.name === "gateway" ? /redis|log/i : /redis|log|mongo|store/i);
    }
    const redis = await redisServer({ port: redisPort });
    const mongo = await mongoServer({ port: mongoPort });
    if (!redis || !mongo) return skip();
    await Promise.all(apps.map(untilReady));
    await Promise.all(apps.map((app) => app.kill("SIGKILL")));
    await Promise.all([redis.stop(), mongo.stop()]);
  });
});
