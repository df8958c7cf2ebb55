import { until } from "@parley/async";
import type { Revocations } from "@parley/bus";
import { MemoryBus } from "@parley/bus/memory";
import { ChatError, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { requestBothWays } from "../test/both-ways.ts";
import { ChatClient, connectClient } from "../test/chat-client.ts";
import { post } from "../test/post.ts";
import { type RunningGateway, startGateway, withJoin } from "../test/running-gateway.ts";

const HOUR = 3_600_000;
/** The second after which a token that is issued now is older than the revocation. */
const revokeAll = (gateway: RunningGateway, user: string) =>
  gateway.revocations.revoke({ user, issuedBefore: Date.now() + 1_000 });
const block = (gateway: RunningGateway, user: string) =>
  gateway.revocations.revoke({ user, until: Date.now() + HOUR });
const headersOf = async (gateway: RunningGateway, user: string) => ({
  authorization: `Bearer ${await gateway.token(user)}`,
});

describe("revoked tokens and blocked users", () => {
  it("P65: open connections of a revoked token end with 4003, those of a blocked user with 4503, others stay", async () => {
    const gateway = await startGateway();
    const [alice, again, bob, carol] = await Promise.all(
      ["alice", "alice", "bob", "carol"].map((user) => connectClient(gateway, user)),
    );
    await revokeAll(gateway, "alice");
    await block(gateway, "bob");
    expect(await alice?.waitForClose()).toEqual({ code: 4003, reason: "token revoked" });
    expect(await again?.waitForClose()).toEqual({ code: 4003, reason: "token revoked" });
    expect(await bob?.waitForClose()).toEqual({ code: 4503, reason: "user blocked" });
    carol?.send({ content: "still here", ref: "1" });
    await carol?.waitFor("ack");
    expect(alice?.contents()).toEqual([]);
  });

  it("P65, P3: handshakes and requests of revoked tokens get 401, those of blocked users 403, also from the cache", async () => {
    const gateway = await startGateway();
    const alice = await headersOf(gateway, "alice");
    const bob = await headersOf(gateway, "bob");
    for (const headers of [alice, bob]) await fetch(`${gateway.url}/ws`, { headers });
    await revokeAll(gateway, "alice");
    await block(gateway, "bob");
    for (const [headers, status, code] of [
      [alice, 401, "token_revoked"],
      [bob, 403, "user_blocked"],
    ] as const) {
      const { upgrade, upgradeBody, plain, plainBody } = await requestBothWays(gateway, headers);
      expect([upgrade.status, upgradeBody.code]).toEqual([status, code]);
      expect([plain.status, plainBody.code]).toEqual([status, code]);
      expect(await post(gateway, { content: "x", ref: "1" }, { user: "", headers })).toMatchObject({
        status,
        body: { code },
      });
    }
    await gateway.revocations.allow("bob", ["user"]);
    expect((await post(gateway, { content: "x", ref: "1" }, { user: "bob" })).status).toBe(200);
  });

  it("P62, P65: a service can't send as a blocked user", async () => {
    const gateway = await startGateway();
    await block(gateway, "bob");
    const options = { user: "orders", scopes: ["messages:send"] };
    const refused = await post(gateway, { content: "x", ref: "1", as: "bob" }, options);
    expect([refused.status, refused.body.code]).toEqual([403, "user_blocked"]);
    expect((await post(gateway, { content: "x", ref: "1", as: "carol" }, options)).status).toBe(200);
  });

  it("L26: a connection that was verified before a revocation, and opens after it, is refused", async () => {
    let joining: (() => void) | undefined;
    const gateway = await startGateway({
      live: (live) =>
        withJoin(live, async (user) => {
          const cursor = await live.join(user);
          await new Promise<void>((resolve) => {
            joining = resolve;
          });
          return cursor;
        }),
    });
    const client = new ChatClient(gateway.wsUrl, ["chat.v1", `bearer.${await gateway.token("alice")}`]);
    await until(() => joining, "the join");
    await revokeAll(gateway, "alice");
    joining?.();
    expect(JSON.parse((await until(() => client.refused, "a refusal")).body).code).toBe("token_revoked");
    expect(gateway.events.filter(({ type }) => type === "connected")).toEqual([]);
  });

  it("L26: a connection is judged by its last token: a newer one saves it, and a revoked one isn't installed", async () => {
    let wallTime = Date.now() - HOUR;
    const gateway = await startGateway();
    const old = await gateway.tokenAt("alice", wallTime);
    const alice = new ChatClient(gateway.wsUrl, ["chat.v1", `bearer.${old}`]);
    await alice.waitFor("ready");
    wallTime += HOUR / 2;
    alice.send({ type: "auth", token: await gateway.token("alice") });
    await alice.waitFor("auth");
    await gateway.revocations.revoke({ user: "alice", issuedBefore: wallTime });
    alice.send({ type: "auth", token: old });
    expect(await alice.waitFor("error")).toMatchObject({ code: "token_revoked", temporary: false });
    alice.send({ content: "still here", ref: "1" });
    await alice.waitFor("ack");
    await revokeAll(gateway, "alice");
    expect((await alice.waitForClose()).code).toBe(4003);
  });

  it("L26: if the revocations can't be known, tokens get 503, and open connections stay", async () => {
    const memory = new MemoryBus({ lastStored: ORIGIN }).revocations();
    let isCurrent = true;
    const revocations: Revocations = {
      of: (user) => memory.of(user),
      isCurrent: () => isCurrent,
      refresh: () => Promise.reject(new ChatError("unavailable")),
      onChange: (listener) => memory.onChange(listener),
      revoke: (revocation) => memory.revoke(revocation),
      allow: (user, kinds) => memory.allow(user, kinds),
      list: () => memory.list(),
      entries: () => memory.entries(),
    };
    const gateway = await startGateway({ revocations });
    const alice = await connectClient(gateway, "alice");
    isCurrent = false;
    const { upgrade, upgradeBody } = await requestBothWays(gateway, await headersOf(gateway, "bob"));
    expect([upgrade.status, upgradeBody.code]).toEqual([503, "unavailable"]);
    expect((await post(gateway, { content: "x", ref: "1" })).status).toBe(503);
    alice.send({ type: "auth", token: await gateway.token("alice") });
    expect(await alice.waitFor("error")).toMatchObject({ code: "unavailable", temporary: true });
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
  });
});
