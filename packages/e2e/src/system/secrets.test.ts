import { until } from "@parley/async";
import { issueToken as signToken } from "@parley/auth";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient, type TokenForm } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

/** Part of every text that is sent here, so that one search of the logs finds any of these texts. */
const MARK = "zebra-crossing";
const ENV = { LOG_LEVEL: "trace", RATE_LIMIT: "0" };
const FORMS: readonly TokenForm[] = ["chat.v1", "Bearer, token", "Bearer token", "Authorization"];

/** Every token that was used, valid or not. */
const tokens: string[] = [];
/** Issues a token and remembers it. */
async function issueToken(deployment: Deployment, user: string): Promise<string> {
  const token = await deployment.token(user);
  tokens.push(token);
  return token;
}

/** Sends what users and attackers send, with MARK in every text and in every place that may be logged. */
async function exercise(deployment: Deployment): Promise<void> {
  const socket = deployment.gateways[0];
  for (const form of FORMS) {
    const alice = await ChatClient.connect(socket, await issueToken(deployment, "alice"), form);
    const { id } = await alice.send("bob", `${MARK} ${form}`, `ref-${form}`);
    expect(id).toBeTruthy();
    for (const rubbish of [`{"${MARK}`, JSON.stringify({ type: MARK }), JSON.stringify({ content: [MARK] })])
      alice.sendRaw(rubbish);
    await expect(alice.send("bob", `${MARK} other`, `ref-${form}`)).rejects.toThrow("ref_reused");
    await expect(alice.send("bob", MARK.repeat(2_000))).rejects.toThrow("content_too_long");
    alice.sendRaw(Buffer.from(MARK));
    expect((await alice.closed).code).toBe(1003);
  }
  const { token: foreign } = await signToken({ user: MARK, secret: `${MARK}`.repeat(4) });
  tokens.push(foreign);
  for (const form of FORMS) await expect(ChatClient.connect(socket, foreign, form)).rejects.toThrow("401");
  const headers = { authorization: `Bearer ${await issueToken(deployment, "bob")}` };
  const paths = [
    "/messages/alice",
    "/sync",
    `/messages/alice?${MARK}[$ne]=1`,
    `/messages/a:${MARK}`,
    `/${MARK}`,
  ];
  for (const path of paths) await (await fetch(deployment.historyUrl + path, { headers })).text();
  const address = `/messages/alice?token=${foreign}&access_token=${foreign}`;
  expect((await fetch(deployment.historyUrl + address)).status).toBe(401);
  const bad = { headers: { authorization: `Bearer ${foreign}` } };
  expect((await fetch(deployment.historyUrl + paths[0], bad)).status).toBe(401);
}

/** Expects lines of JSON that contain no message text, no secret and no part of a token. */
function expectClean(name: string, output: string, secret: string): void {
  expect(output.split("\n").filter((line) => line.startsWith("{")).length, name).toBeGreaterThan(0);
  expect(output, name).not.toContain(MARK);
  expect(output, name).not.toContain(secret);
  for (const token of tokens)
    for (const part of token.split(".").slice(1)) expect(output, name).not.toContain(part);
}

describe("the log at the finest level", () => {
  describe("standalone", () => {
    let deployment: Awaited<ReturnType<typeof startStandalone>>;
    beforeAll(async () => {
      // With AUTH_DEV_TOKENS, standalone would print tokens for a first try.
      deployment = await startStandalone({ env: { ...ENV, AUTH_DEV_TOKENS: "false" } });
    });
    afterAll(() => deployment?.stop());

    it("contains no token, no secret and no text of a message", async () => {
      await exercise(deployment);
      expectClean("standalone", deployment.app.output(), "a-secret-for-tests-only");
    });
  });
});

await describeSplit(
  "the logs of services at the finest level",
  { env: ENV, hasOwnMongo: true },
  (deployment) => {
    afterAll(() => deployment.stop());

    it("contain no token, no secret and no text of a message, even with a poison entry and a dead MongoDB", async () => {
      await exercise(deployment);
      const redis = new Redis(deployment.redis.url);
      await redis.xadd("{parley}:log", "*", "m", `{"content":"${MARK}`);
      await deployment.ownMongo().kill("SIGKILL");
      const bob = await ChatClient.connect(deployment.gateways[1], await issueToken(deployment, "bob"));
      await bob.send("alice", `${MARK} while MongoDB is away`);
      const headers = { authorization: `Bearer ${await issueToken(deployment, "bob")}` };
      expect((await fetch(`${deployment.historyUrl}/messages/alice`, { headers })).status).toBe(503);
      await deployment.ownMongo().restart();
      const { id } = await bob.send("alice", `${MARK} afterwards`);
      await until(async () => {
        const text = await (await fetch(`${deployment.historyUrl}/messages/alice`, { headers })).text();
        return text.includes(id);
      }, "the message to be in history");
      for (const app of [...deployment.gatewayApps, ...deployment.persisters, deployment.historyApi])
        expectClean(app.name, app.output(), "a-secret-for-tests-only");
      bob.socket.terminate();
      redis.disconnect();
    });
  },
);
