import type { ServerResponse } from "node:http";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { AuthEvent } from "./events.ts";
import { startIssuer } from "./test/issuer.ts";
import { createVerifier } from "./verifier.ts";

const COOL_DOWN_MS = 10_000;
const MAX_AGE_MS = 600_000;
const MAX_STALE_MS = 3_600_000;

function verifierFor(url: string, { cacheSize = 0, timeoutMs = 2_000 } = {}) {
  const clock = { wallTime: 1_750_000_000_000, now: 0 };
  const events: AuthEvent[] = [];
  const verifier = createVerifier({
    jwksUrl: url,
    isUser: () => true,
    clocks: { wallTime: () => clock.wallTime, now: () => clock.now },
    observe: (event) => {
      if (event.type.startsWith("jwks")) events.push(event);
    },
    cacheSize,
    jwks: { coolDownMs: COOL_DOWN_MS, maxAgeMs: MAX_AGE_MS, maxStaleMs: MAX_STALE_MS, timeoutMs },
  });
  return { verifier, clock, events };
}

function sign(key: CryptoKey, alg: string, kid: string | undefined = alg): Promise<string> {
  return new SignJWT({ sub: "alice", exp: 2_000_000_000 })
    .setProtectedHeader({ alg, ...(kid && { kid }) })
    .sign(key);
}

describe("an issuer's keys", () => {
  it.each(["RS256", "ES256", "EdDSA"])("P61: verifies %s", async (alg) => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey(alg);
    const { verifier } = verifierFor(issuer.url);
    expect((await verifier.verify(await sign(privateKey, alg))).user).toBe("alice");
  });

  it("P61: are fetched with the first token, and once for many tokens at the same time", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    const { verifier, events } = verifierFor(issuer.url);
    expect(issuer.requests()).toBe(0);
    const token = await sign(privateKey, "ES256");
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    expect(issuer.requests()).toBe(1);
    expect(events).toMatchObject([{ type: "jwks-fetched", keys: 1 }]);
  });

  it("P61: a public key used as a secret and other algorithms are refused without a fetch", async () => {
    const issuer = await startIssuer();
    const { publicKey } = await issuer.addKey("RS256");
    const { verifier } = verifierFor(issuer.url);
    const secret = new TextEncoder().encode(await exportSPKI(publicKey));
    const { privateKey } = await generateKeyPair("RS512");
    const tokens = [
      await new SignJWT({ sub: "alice", exp: 2_000_000_000 })
        .setProtectedHeader({ alg: "HS256" })
        .sign(secret),
      await sign(privateKey, "RS512", "RS256"),
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
    ];
    for (const token of tokens)
      await expect(verifier.verify(token)).rejects.toMatchObject({
        code: "unauthorized",
        failure: "algorithm",
      });
    expect(issuer.requests()).toBe(0);
  });

  it("P61: another key with a known key id is refused", async () => {
    const issuer = await startIssuer();
    await issuer.addKey("ES256");
    const { privateKey } = await generateKeyPair("ES256");
    await expect(
      verifierFor(issuer.url).verifier.verify(await sign(privateKey, "ES256")),
    ).rejects.toMatchObject({
      code: "unauthorized",
      failure: "signature",
    });
  });

  it("P61: a token without a key id is tried with every matching key", async () => {
    const issuer = await startIssuer();
    await issuer.addKey("ES256", "one");
    const { privateKey } = await issuer.addKey("ES256", "two");
    const { verifier } = verifierFor(issuer.url);
    expect((await verifier.verify(await sign(privateKey, "ES256", ""))).user).toBe("alice");
    const stranger = await generateKeyPair("ES256");
    await expect(verifier.verify(await sign(stranger.privateKey, "ES256", ""))).rejects.toMatchObject({
      failure: "signature",
    });
  });
});

describe("a changed key set", () => {
  it("P61: an unknown key triggers a fetch, at most once per cool-down", async () => {
    const issuer = await startIssuer();
    const old = await issuer.addKey("ES256", "old");
    const { verifier, clock } = verifierFor(issuer.url);
    await verifier.verify(await sign(old.privateKey, "ES256", "old"));
    const fresh = await issuer.addKey("ES256", "fresh");
    const token = await sign(fresh.privateKey, "ES256", "fresh");

    clock.now += COOL_DOWN_MS - 1;
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: "unauthorized",
      failure: "unknown_key",
    });
    expect(issuer.requests()).toBe(1);
    clock.now += 1;
    expect((await verifier.verify(token)).user).toBe("alice");
    expect(issuer.requests()).toBe(2);
  });

  it("G5: a flood of unknown keys makes one request per cool-down", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    const { verifier, clock } = verifierFor(issuer.url);
    const tokens = await Promise.all(
      Array.from({ length: 30 }, (_, i) => sign(privateKey, "ES256", `k${i}`)),
    );
    for (let round = 1; round <= 3; round += 1) {
      await Promise.allSettled(tokens.map((token) => verifier.verify(token)));
      for (const token of tokens)
        await expect(verifier.verify(token)).rejects.toMatchObject({ failure: "unknown_key" });
      expect(issuer.requests()).toBe(round);
      clock.now += COOL_DOWN_MS;
    }
  });

  it("P61: a withdrawn key stops verifying once the set reaches its maximum age", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    const { verifier, clock, events } = verifierFor(issuer.url);
    const token = await sign(privateKey, "ES256");
    await verifier.verify(token);
    issuer.replaceKeys([]);
    clock.now += MAX_AGE_MS;
    await verifier.verify(token);
    await expect.poll(() => events.length).toBe(2);
    await expect(verifier.verify(token)).rejects.toMatchObject({ failure: "unknown_key" });
  });

  it.each([-3_600_000, 600_000])(
    "P61: a clock that is set by %i ms doesn't change the cool-down",
    async (ms) => {
      const issuer = await startIssuer();
      const old = await issuer.addKey("ES256", "old");
      const { verifier, clock } = verifierFor(issuer.url);
      await verifier.verify(await sign(old.privateKey, "ES256", "old"));
      const fresh = await issuer.addKey("ES256", "fresh");
      const token = await sign(fresh.privateKey, "ES256", "fresh");
      clock.wallTime += ms;
      await expect(verifier.verify(token)).rejects.toMatchObject({ failure: "unknown_key" });
      clock.now += COOL_DOWN_MS;
      expect((await verifier.verify(token)).user).toBe("alice");
    },
  );
});

describe("an issuer that doesn't respond", () => {
  it.each<[string, (res: ServerResponse) => unknown, RegExp]>([
    ["cuts", (res) => res.destroy(), /UND_ERR_SOCKET|ECONNRESET|TypeError/],
    ["says 500", (res) => res.writeHead(500).end(), /200/],
    ["redirects", (res) => res.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), /200/],
    ["answers a page", (res) => res.end("<html>"), /JSON/],
    ["answers JSON that is no key set", (res) => res.end('{"keys":7}'), /malformed/],
    ["hangs", () => undefined, /timeout/],
    ["hangs in the middle", (res) => res.write('{"keys":['), /timeout/],
  ])("P61: unavailable, never unauthorized, when it %s", async (_what, answer, reason) => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    issuer.answerWith(answer);
    const { verifier, events, clock } = verifierFor(issuer.url, { timeoutMs: 1_000 });
    const token = await sign(privateKey, "ES256");
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: "unavailable",
      retryAfterMs: COOL_DOWN_MS,
    });
    expect(events).toMatchObject([{ type: "jwks-failed", reason: expect.stringMatching(reason) }]);
    expect(verifier.problem()).toMatch(/JWT_JWKS_URL/);

    clock.now += COOL_DOWN_MS - 4_000;
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 4_000 });
    expect(issuer.requests()).toBe(1);
  });

  it("P61: is asked again after the cool-down, and then tokens verify", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    issuer.answerWith((res) => res.writeHead(503).end());
    const { verifier, clock } = verifierFor(issuer.url);
    const token = await sign(privateKey, "ES256");
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "unavailable" });
    issuer.answerWith((res) => res.end(JSON.stringify({ keys: [] })));
    issuer.replaceKeys([]);
    clock.now += COOL_DOWN_MS;
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: "unauthorized",
      failure: "unknown_key",
    });
    expect(verifier.problem()).toBeUndefined();
  });

  it("P61: known keys keep verifying until they are too old to trust", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    const { verifier, clock, events } = verifierFor(issuer.url);
    const token = await sign(privateKey, "ES256");
    await verifier.verify(token);
    await issuer.stop();

    clock.now += MAX_STALE_MS - 1;
    expect((await verifier.verify(token)).user).toBe("alice");
    await expect.poll(() => events.at(-1)?.type).toBe("jwks-failed");
    expect(verifier.problem()).toBeUndefined();
    clock.now += 1;
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "unavailable" });
    expect(verifier.problem()).toMatch(/JWT_JWKS_URL/);
  });

  it("P61: a token with an unknown key is unavailable, not unauthorized", async () => {
    const issuer = await startIssuer();
    const { privateKey } = await issuer.addKey("ES256");
    const { verifier, clock } = verifierFor(issuer.url);
    await verifier.verify(await sign(privateKey, "ES256"));
    await issuer.stop();
    clock.now += COOL_DOWN_MS;
    const token = await sign(privateKey, "ES256", "later");
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("P61: a refused connection is reported by its error code", async () => {
    const issuer = await startIssuer();
    await issuer.stop();
    const { privateKey } = await generateKeyPair("ES256");
    const { verifier, events } = verifierFor(issuer.url);
    await expect(verifier.verify(await sign(privateKey, "ES256"))).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(events).toMatchObject([{ type: "jwks-failed", reason: "ECONNREFUSED" }]);
  });
});
