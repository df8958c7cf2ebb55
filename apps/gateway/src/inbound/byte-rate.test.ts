import { until } from "@parley/async";
import { RateLimiter, readEnv } from "@parley/service";
import { describe, expect, it } from "vitest";
import { gatewayConfig, gatewayFields } from "../config.ts";
import { connectClient } from "../test/chat-client.ts";
import { startGateway } from "../test/running-gateway.ts";

const configOf = (env: Record<string, string>) => gatewayConfig(readEnv(gatewayFields, env)).rate;
const NUL_MESSAGE = "\0".repeat(8_192);

describe("the rate of bytes", () => {
  it("P32: limits what a user's messages cost their readers, escapes included", async () => {
    const gateway = await startGateway();
    const [mallory, bob] = [await connectClient(gateway, "mallory"), await connectClient(gateway, "bob")];
    const startedAt = performance.now();
    for (let ref = 0; ref < 40; ref++) mallory.send({ to: "bob", content: NUL_MESSAGE, ref: `${ref}` });
    await until(
      () => mallory.framesOf("ack").length + mallory.framesOf("error").length === 40,
      "all answers",
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    const [error] = mallory.framesOf("error");
    expect(error).toMatchObject({
      code: "rate_limited",
      temporary: true,
      message: expect.stringContaining("bytes"),
    });
    expect(error?.retryAfterMs).toBeLessThan(1_000);
    bob.send({ type: "ping" });
    await bob.waitFor("pong");
    const received = bob.texts.reduce((sum, text) => sum + text.length, 0);
    expect(received).toBeGreaterThan(6 * NUL_MESSAGE.length);
    expect(received).toBeLessThan(409_600 + 102_400 * seconds);
    expect(gateway.events).toContainEqual(expect.objectContaining({ code: "rate_limited", limit: "bytes" }));
  });

  it("P32: is shared by all connections of a user, and counts frames that aren't valid", async () => {
    const bytes = { perSecond: 1_000, burst: 4_000 };
    const gateway = await startGateway({ config: { rate: { perSecond: 50, burst: 200, bytes } } });
    const [one, two] = [await connectClient(gateway, "alice"), await connectClient(gateway, "alice")];
    one.ws.send("x".repeat(3_900));
    expect(await one.waitFor("error")).toMatchObject({ code: "invalid_json" });
    two.send({ content: "hello", ref: "r" });
    expect(await two.waitFor("error")).toMatchObject({ code: "rate_limited", ref: "r" });
    const bob = await connectClient(gateway, "bob");
    bob.send({ content: "hello", ref: "r" });
    await bob.waitFor("ack");
  });

  it("P6 P32: a token counts as five frames", async () => {
    const gateway = await startGateway({ config: { rate: { perSecond: 0.1, burst: 6 } } });
    const alice = await connectClient(gateway, "alice");
    alice.send({ type: "auth", token: await gateway.token("alice") });
    await alice.waitFor("auth");
    alice.send({ type: "ping" });
    await alice.waitFor("pong");
    alice.send({ type: "ping" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "rate_limited" });
  });

  it("P32: the defaults don't affect people who paste texts, or a bot at the rate of frames", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    for (let ref = 0; ref < 20; ref++) alice.send({ content: "é".repeat(4_096), ref: `${ref}` });
    await alice.waitFor("ack", 20);
    expect(alice.framesOf("error")).toEqual([]);
    expect(gateway.events.filter(({ type }) => type === "throttled")).toEqual([]);
    const limiter = new RateLimiter(configOf({}));
    for (let sent = 0; sent < 10_000; sent++) {
      expect(limiter.chargeReading("bot", 2_048 + 1_700 + 128, sent * 20)).toBe(0);
      expect(limiter.take("bot", sent * 20, 2_000).kind).toBe("pass");
    }
  });
});

describe("the settings of the rates", () => {
  it("P32: RATE_LIMIT_BYTES follows RATE_LIMIT unless it is set", () => {
    expect(configOf({})).toEqual({
      perSecond: 50,
      burst: 200,
      bytes: { perSecond: 102_400, burst: 409_600 },
    });
    expect(configOf({ RATE_LIMIT: "10" }).bytes).toEqual({ perSecond: 20_480, burst: 81_920 });
    expect(configOf({ RATE_LIMIT_BYTES: "1000" }).bytes).toEqual({ perSecond: 1_000, burst: 4_000 });
  });

  it("P32: 0 removes a limit, and RATE_LIMIT=0 removes both unless RATE_LIMIT_BYTES is set", () => {
    const none = Number.POSITIVE_INFINITY;
    expect(configOf({ RATE_LIMIT_BYTES: "0" }).bytes?.perSecond).toBe(none);
    expect(configOf({ RATE_LIMIT: "0" }).bytes?.perSecond).toBe(none);
    expect(configOf({ RATE_LIMIT: "0", RATE_LIMIT_BYTES: "1000" }).bytes?.perSecond).toBe(1_000);
  });
});
