import { until } from "@parley/async";
import { AuthError } from "@parley/auth";
import { ChatError } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Chatter, chatter } from "../test/chat-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

const urlOf = (house: House) => `ws://127.0.0.1:${house.port}/ws`;

/** The same request as an upgrade and as a plain GET: both must be answered alike (P3). */
async function bothWays(house: House, headers: Record<string, string>) {
  const upgrade = new Chatter(urlOf(house), [], headers);
  const refused = await until(() => upgrade.refused, "a refusal");
  const plain = await fetch(`http://127.0.0.1:${house.port}/ws`, { headers });
  return {
    upgrade: refused,
    plain,
    plainBody: JSON.parse(await plain.text()),
    upgradeBody: JSON.parse(refused.body),
  };
}

describe("who is refused, as an upgrade and as a plain GET", () => {
  it("P3: no token: 401 token_missing", async () => {
    const { upgrade, plain, upgradeBody, plainBody } = await bothWays(await openHouse(), {});
    expect([upgrade.status, plain.status]).toEqual([401, 401]);
    expect(upgrade.headers["content-type"]).toBe("application/problem+json");
    expect(plain.headers.get("content-type")).toBe("application/problem+json");
    expect([upgradeBody.code, plainBody.code]).toEqual(["token_missing", "token_missing"]);
    expect(upgradeBody.requestId).toMatch(/^[0-9a-f]{8}-/);
    expect(upgradeBody.requestId).not.toBe(plainBody.requestId);
  });

  it("P3 P4: a bad token, one that has expired, and one for no username: 401", async () => {
    const house = await openHouse();
    const tokens = ["rubbish", await house.token("no spaces please")];
    for (const token of tokens) {
      const { upgrade, plain, upgradeBody } = await bothWays(house, { authorization: `Bearer ${token}` });
      expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([401, 401, "unauthorized"]);
    }
    const old = await house.token("alice", 1);
    const later = await openHouse({
      verifier: {
        problem: () => undefined,
        verify: () => Promise.reject(new AuthError("token_expired", "expired")),
      },
    });
    const { upgradeBody, plainBody } = await bothWays(later, { authorization: `Bearer ${old}` });
    expect([upgradeBody.code, plainBody.code]).toEqual(["token_expired", "token_expired"]);
  });

  it("P3: keys that cannot be had: 503 with Retry-After, not 401", async () => {
    const house = await openHouse({
      verifier: {
        problem: () => "no keys",
        verify: () => Promise.reject(new AuthError("unavailable", "keys_unavailable", 1_500)),
      },
    });
    const { upgrade, plain, upgradeBody } = await bothWays(house, { authorization: "Bearer x" });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "unavailable"]);
    expect([upgrade.headers["retry-after"], plain.headers.get("retry-after")]).toEqual(["2", "2"]);
    expect(house.gateway.problems()).toEqual(["no keys"]);
  });

  it("P3: an origin that is not allowed: 403, before the token is looked at", async () => {
    const house = await openHouse();
    const { upgrade, plain, upgradeBody } = await bothWays(house, { origin: "https://evil.example" });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([403, 403, "origin_not_allowed"]);
  });

  it("P3: the same origin, a listed one, and none at all are allowed", async () => {
    const same = await openHouse();
    const authorization = `Bearer ${await same.token("alice")}`;
    const own = new Chatter(urlOf(same), ["chat.v1"], {
      authorization,
      origin: `http://127.0.0.1:${same.port}`,
    });
    await own.get("ready");
    const listed = await openHouse({ config: { allowedOrigins: ["https://chat.example"] } });
    const from = new Chatter(urlOf(listed), ["chat.v1"], { authorization, origin: "https://chat.example" });
    await from.get("ready");
    await chatter(listed, "bob");
    const { upgrade } = await bothWays(listed, { authorization, origin: `http://127.0.0.1:${listed.port}` });
    expect(upgrade.status).toBe(403);
  });

  it("P3: a page of an allowed origin can read why it was refused", async () => {
    const house = await openHouse({ config: { allowedOrigins: ["https://chat.example"] } });
    const plain = await fetch(`http://127.0.0.1:${house.port}/ws`, {
      headers: { origin: "https://chat.example" },
    });
    expect(plain.headers.get("access-control-allow-origin")).toBe("https://chat.example");
    expect(plain.headers.get("access-control-expose-headers")).toContain("Retry-After");
  });

  it("P3: too many connections of a user, and of an address: 429 with Retry-After", async () => {
    for (const limit of [{ perUser: 1 }, { perAddress: 1 }]) {
      const none = Number.POSITIVE_INFINITY;
      const house = await openHouse({
        config: { connections: { total: none, perUser: none, perAddress: none, ...limit } },
      });
      const first = await chatter(house, "alice");
      const authorization = `Bearer ${await house.token("alice")}`;
      const { upgrade, plain, upgradeBody } = await bothWays(house, { authorization });
      expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([429, 429, "too_many_connections"]);
      expect(Number(upgrade.headers["retry-after"])).toBeGreaterThan(0);
      first.ws.close();
      await first.end();
      await until(() => house.events.some(({ type }) => type === "disconnected"), "the place to be free");
      await chatter(house, "alice");
    }
  });

  it("P3: a full process: 503 overloaded", async () => {
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({ config: { connections: { total: 1, perUser: none, perAddress: none } } });
    await chatter(house, "alice");
    const authorization = `Bearer ${await house.token("bob")}`;
    const { upgrade, plain, upgradeBody } = await bothWays(house, { authorization });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "overloaded"]);
  });

  it("P3: of a hundred handshakes at once, no more than the limit get in", async () => {
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({ config: { connections: { total: none, perUser: 5, perAddress: none } } });
    const token = await house.token("alice");
    const all = Array.from({ length: 100 }, () => new Chatter(urlOf(house), ["chat.v1", `bearer.${token}`]));
    await until(() => all.every((one) => one.refused ?? one.of("ready").length > 0), "all answers");
    expect(all.filter((one) => one.refused?.status === 429)).toHaveLength(95);
    for (const one of all) one.ws.terminate();
  });

  it("P3: 426 only where an upgrade would have succeeded", async () => {
    const house = await openHouse();
    const headers = { authorization: `Bearer ${await house.token("alice")}` };
    const plain = await fetch(`http://127.0.0.1:${house.port}/ws`, { headers });
    expect([plain.status, plain.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect(await plain.json()).toMatchObject({ code: "upgrade_required" });
  });

  it("P3: draining: 503 with Retry-After, though no token was brought", async () => {
    const house = await openHouse();
    await house.gateway.drain();
    const { upgrade, plain, upgradeBody } = await bothWays(house, {});
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "draining"]);
    expect(upgrade.headers["retry-after"]).toBe("1");
    expect(house.gateway.problems()).toEqual(["this process is stopping"]);
  });

  it("P3: a log that cannot be joined: 503 with Retry-After", async () => {
    const house = await openHouse({
      live: (live) => ({
        join: () => Promise.reject(new ChatError("unavailable", { retryAfterMs: 100 })),
        leave: (user) => live.leave(user),
        problem: () => "no connection",
      }),
    });
    const authorization = `Bearer ${await house.token("alice")}`;
    const { upgrade, plain, upgradeBody } = await bothWays(house, { authorization });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "unavailable"]);
    expect(upgrade.headers["retry-after"]).toBe("1");
  });
});
