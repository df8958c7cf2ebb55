import { until } from "@parley/async";
import { issueToken } from "@parley/auth";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chatter, type TokenForm } from "../rig/chat-client.ts";
import { describeSplit, type House, startStandalone } from "../rig/shapes.ts";

/** In everything that anybody says here, so that one look finds it wherever it went. */
const MARK = "zebra-crossing";
const ENV = { LOG_LEVEL: "trace", RATE_LIMIT: "0" };
const FORMS: readonly TokenForm[] = ["chat.v1", "Bearer, token", "Bearer token", "Authorization"];

/** Every token that was used, good or bad. */
const tokens: string[] = [];
async function tokenOf(house: House, user: string): Promise<string> {
  const token = await house.token(user);
  tokens.push(token);
  return token;
}

/** What users do, and what hostile ones try, with a mark in every text and in every place that may be logged. */
async function useIt(house: House): Promise<void> {
  const socket = house.gateways[0];
  for (const form of FORMS) {
    const alice = await Chatter.connect(socket, await tokenOf(house, "alice"), form);
    const { id } = await alice.send("bob", `${MARK} ${form}`, `ref-${form}`);
    expect(id).toBeTruthy();
    for (const rubbish of [`{"${MARK}`, JSON.stringify({ type: MARK }), JSON.stringify({ content: [MARK] })])
      alice.say(rubbish);
    await expect(alice.send("bob", `${MARK} other`, `ref-${form}`)).rejects.toThrow("ref_reused");
    await expect(alice.send("bob", MARK.repeat(2_000))).rejects.toThrow("content_too_long");
    alice.say(Buffer.from(MARK));
    expect((await alice.closed).code).toBe(1003);
  }
  const { token: foreign } = await issueToken({ user: MARK, secret: `${MARK}`.repeat(4) });
  tokens.push(foreign);
  for (const form of FORMS) await expect(Chatter.connect(socket, foreign, form)).rejects.toThrow("401");
  const headers = { authorization: `Bearer ${await tokenOf(house, "bob")}` };
  const paths = [
    "/messages/alice",
    "/sync",
    `/messages/alice?${MARK}[$ne]=1`,
    `/messages/a:${MARK}`,
    `/${MARK}`,
  ];
  for (const path of paths) await (await fetch(house.historyUrl + path, { headers })).text();
  const address = `/messages/alice?token=${foreign}&access_token=${foreign}`;
  expect((await fetch(house.historyUrl + address)).status).toBe(401);
  const bad = { headers: { authorization: `Bearer ${foreign}` } };
  expect((await fetch(house.historyUrl + paths[0], bad)).status).toBe(401);
}

/** Lines of JSON, and nothing in them that was said or came as a token. */
function expectClean(name: string, output: string, secret: string): void {
  expect(output.split("\n").filter((line) => line.startsWith("{")).length, name).toBeGreaterThan(0);
  expect(output, name).not.toContain(MARK);
  expect(output, name).not.toContain(secret);
  for (const token of tokens)
    for (const part of token.split(".").slice(1)) expect(output, name).not.toContain(part);
}

describe("what is logged, at the finest level", () => {
  describe("standalone", () => {
    let house: Awaited<ReturnType<typeof startStandalone>>;
    beforeAll(async () => {
      // Else it shows tokens for a first try, which is what it is told to do.
      house = await startStandalone({ env: { ...ENV, AUTH_DEV_TOKENS: "false" } });
    });
    afterAll(() => house?.stop());

    it("holds no token, no secret and nothing of a message", async () => {
      await useIt(house);
      expectClean("standalone", house.app.output(), "a-secret-for-tests-only");
    });
  });
});

await describeSplit("what is logged by services, at the finest level", { env: ENV }, (house) => {
  afterAll(() => house.stop());

  it("holds no token, no secret and nothing of a message, poison and a dead MongoDB included", async () => {
    await useIt(house);
    const redis = new Redis(house.redis.url);
    await redis.xadd("{parley}:log", "*", "m", `{"content":"${MARK}`);
    await house.mongo.kill("SIGKILL");
    const bob = await Chatter.connect(house.gateways[1], await tokenOf(house, "bob"));
    await bob.send("alice", `${MARK} while MongoDB is away`);
    const headers = { authorization: `Bearer ${await tokenOf(house, "bob")}` };
    expect((await fetch(`${house.historyUrl}/messages/alice`, { headers })).status).toBe(503);
    await house.mongo.restart();
    const { id } = await bob.send("alice", `${MARK} afterwards`);
    await until(async () => {
      const text = await (await fetch(`${house.historyUrl}/messages/alice`, { headers })).text();
      return text.includes(id) || undefined;
    }, "it to be in history");
    for (const app of [...house.gatewayApps, ...house.persisters, house.historyApi])
      expectClean(app.name, app.output(), "a-secret-for-tests-only");
    bob.socket.terminate();
    redis.disconnect();
  });
});
