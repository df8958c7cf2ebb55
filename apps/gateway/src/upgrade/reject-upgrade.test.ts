import { until } from "@parley/async";
import { AuthError } from "@parley/auth";
import { ChatError } from "@parley/models";
import { describe, expect, it } from "vitest";
import { requestBothWays } from "../test/both-ways.ts";
import { ChatClient, connectClient } from "../test/chat-client.ts";
import { startGateway } from "../test/running-gateway.ts";

describe("a refusal, the same for an upgrade and a plain GET", () => {
  it("P3: no token: 401 token_missing", async () => {
    const { upgrade, plain, upgradeBody, plainBody } = await requestBothWays(await startGateway(), {});
    expect([upgrade.status, plain.status]).toEqual([401, 401]);
    expect(upgrade.headers["content-type"]).toBe("application/problem+json");
    expect(plain.headers.get("content-type")).toBe("application/problem+json");
    expect([upgradeBody.code, plainBody.code]).toEqual(["token_missing", "token_missing"]);
    expect(upgradeBody.requestId).toMatch(/^[0-9a-f]{8}-/);
    expect(upgradeBody.requestId).not.toBe(plainBody.requestId);
  });

  it("P3 P4: an invalid token, an expired one, and one without a valid username: 401", async () => {
    const gateway = await startGateway();
    const tokens = ["garbage", await gateway.token("no spaces please")];
    for (const token of tokens) {
      const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, {
        authorization: `Bearer ${token}`,
      });
      expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([401, 401, "unauthorized"]);
    }
    const old = await gateway.token("alice", 1);
    const expiring = await startGateway({
      verifier: {
        problem: () => undefined,
        verify: () => Promise.reject(new AuthError("token_expired", "expired")),
      },
    });
    const { upgradeBody, plainBody } = await requestBothWays(expiring, { authorization: `Bearer ${old}` });
    expect([upgradeBody.code, plainBody.code]).toEqual(["token_expired", "token_expired"]);
  });

  it("P3: keys that can't be fetched: 503 with Retry-After, not 401", async () => {
    const gateway = await startGateway({
      verifier: {
        problem: () => "no keys",
        verify: () => Promise.reject(new AuthError("unavailable", "keys_unavailable", 1_500)),
      },
    });
    const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, { authorization: "Bearer x" });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "unavailable"]);
    expect([upgrade.headers["retry-after"], plain.headers.get("retry-after")]).toEqual(["2", "2"]);
    expect(gateway.core.problems()).toEqual(["no keys"]);
  });

  it("P3: an origin that isn't allowed: 403, before the token is checked", async () => {
    const gateway = await startGateway();
    const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, {
      origin: "https://evil.example",
    });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([403, 403, "origin_not_allowed"]);
  });

  it("P3: the server's own origin, a listed origin and no origin are allowed", async () => {
    const same = await startGateway();
    const authorization = `Bearer ${await same.token("alice")}`;
    const own = new ChatClient(same.wsUrl, ["chat.v1"], {
      authorization,
      origin: same.url,
    });
    await own.waitFor("ready");
    const listed = await startGateway({ config: { allowedOrigins: ["https://chat.example"] } });
    const from = new ChatClient(listed.wsUrl, ["chat.v1"], { authorization, origin: "https://chat.example" });
    await from.waitFor("ready");
    await connectClient(listed, "bob");
    const beside = new ChatClient(listed.wsUrl, ["chat.v1"], { authorization, origin: listed.url });
    await beside.waitFor("ready");
  });

  it.each(["https://chat.example", "https://evil.example"])(
    "P3: a page can read the refusal, whether or not its origin is allowed: %s",
    async (origin) => {
      const gateway = await startGateway({ config: { allowedOrigins: ["https://chat.example"] } });
      for (const path of ["/ws", "/wrong"]) {
        const headers = { origin, "access-control-request-method": "GET" };
        const preflight = await fetch(gateway.url + path, { method: "OPTIONS", headers });
        expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
        const plain = await fetch(gateway.url + path, { headers: { origin } });
        expect(plain.headers.get("access-control-allow-origin")).toBe(origin);
        expect(plain.headers.get("access-control-expose-headers")).toContain("Retry-After");
        expect(plain.headers.get("content-type")).toBe("application/problem+json");
      }
    },
  );

  it("P3: the refusal of a page names its origin, and the origin is reported once", async () => {
    const gateway = await startGateway();
    const origin = "https://evil.example";
    for (let n = 0; n < 3; n += 1) {
      const { upgradeBody, plainBody } = await requestBothWays(gateway, { origin });
      for (const { detail } of [upgradeBody, plainBody]) expect(detail).toContain(origin);
    }
    expect(gateway.events.filter(({ type }) => type === "origin-refused")).toEqual([
      { type: "origin-refused", origin },
    ]);
  });

  it("P3: too many connections of a user or an address: 429 with Retry-After", async () => {
    for (const limit of [{ perUser: 1 }, { perAddress: 1 }]) {
      const none = Number.POSITIVE_INFINITY;
      const gateway = await startGateway({
        config: { connections: { total: none, perUser: none, perAddress: none, ...limit } },
      });
      const first = await connectClient(gateway, "alice");
      const authorization = `Bearer ${await gateway.token("alice")}`;
      const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, { authorization });
      expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([429, 429, "too_many_connections"]);
      expect(Number(upgrade.headers["retry-after"])).toBeGreaterThan(0);
      first.ws.close();
      await first.waitForClose();
      await until(
        () => gateway.events.some(({ type }) => type === "disconnected"),
        "the place to be released",
      );
      await connectClient(gateway, "alice");
    }
  });

  it("P3: a full process: 503 overloaded", async () => {
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { connections: { total: 1, perUser: none, perAddress: none } },
    });
    await connectClient(gateway, "alice");
    const authorization = `Bearer ${await gateway.token("bob")}`;
    const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, { authorization });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "overloaded"]);
  });

  it("P3: a hundred handshakes at once don't exceed a limit", async () => {
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { connections: { total: none, perUser: 5, perAddress: none } },
    });
    const token = await gateway.token("alice");
    const all = Array.from(
      { length: 100 },
      () => new ChatClient(gateway.wsUrl, ["chat.v1", `bearer.${token}`]),
    );
    await until(() => all.every((one) => one.refused ?? one.framesOf("ready").length > 0), "all answers");
    expect(all.filter((one) => one.refused?.status === 429)).toHaveLength(95);
    for (const one of all) one.ws.terminate();
  });

  it("P3: 426 if an upgrade would have succeeded", async () => {
    const gateway = await startGateway();
    const headers = { authorization: `Bearer ${await gateway.token("alice")}` };
    const plain = await fetch(`${gateway.url}/ws`, { headers });
    expect([plain.status, plain.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect(await plain.json()).toMatchObject({ code: "upgrade_required" });
  });

  it("P3: draining: 503 with Retry-After, even without a token", async () => {
    const gateway = await startGateway();
    await gateway.core.drain();
    const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, {});
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "draining"]);
    expect(upgrade.headers["retry-after"]).toBe("1");
    expect(gateway.core.problems()).toEqual(["this process is stopping"]);
  });

  it("P3: a live feed that can't be joined: 503 with Retry-After", async () => {
    const gateway = await startGateway({
      live: (live) => ({
        join: () => Promise.reject(new ChatError("unavailable", { retryAfterMs: 100 })),
        leave: (user) => live.leave(user),
        problem: () => "no connection",
      }),
    });
    const authorization = `Bearer ${await gateway.token("alice")}`;
    const { upgrade, plain, upgradeBody } = await requestBothWays(gateway, { authorization });
    expect([upgrade.status, plain.status, upgradeBody.code]).toEqual([503, 503, "unavailable"]);
    expect(upgrade.headers["retry-after"]).toBe("1");
  });
});
