import type { ServerResponse } from "node:http";
import { type CryptoKey, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { startIssuer } from "./test/issuer.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

function sign(key: CryptoKey, kid: string, user = "alice"): Promise<string> {
  return new SignJWT({ sub: user, exp: 2_000_000_000 }).setProtectedHeader({ alg: "ES256", kid }).sign(key);
}

/** Tokens that name keys which the issuer doesn't have. */
async function unknownTokens(key: CryptoKey, count: number): Promise<string[]> {
  const [, claims, signature] = (await sign(key, "x")).split(".");
  return Array.from({ length: count }, (_, n) => {
    const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: `unknown ${n}` })).toString("base64url");
    return `${header}.${claims}.${signature}`;
  });
}

/** A verifier that has fetched the key `known` from an issuer. Afterwards the issuer no longer answers. */
async function stalledIssuer(options: Partial<VerifierOptions> = {}) {
  const issuer = await startIssuer();
  const { privateKey } = await issuer.addKey("ES256", "known");
  let now = 0;
  const verifier = createVerifier({
    jwksUrl: issuer.url,
    isUser: () => true,
    clocks: { wallTime: () => 1_750_000_000_000, now: () => now },
    cacheSize: 0,
    jwks: { timeoutMs: 60_000, coolDownMs: 10_000 },
    ...options,
  });
  await verifier.verify(await sign(privateKey, "known"), { share: "first" });
  const held: ServerResponse[] = [];
  issuer.answerWith((res) => held.push(res));
  now += 10_000;
  const answer = () => {
    for (const res of held.splice(0)) res.end('{"keys":[]}');
  };
  return { issuer, verifier, privateKey, answer };
}

describe("a flood of tokens with unknown keys, while the issuer doesn't answer", () => {
  it("G5: doesn't keep known tokens from being verified, and causes one fetch", async () => {
    const { issuer, verifier, privateKey, answer } = await stalledIssuer();
    let refused = 0;
    const flood = (await unknownTokens(privateKey, 3_000)).map((token, n) =>
      verifier.verify(token, { share: `address ${n % 100}` }).catch(() => {
        refused += 1;
      }),
    );
    for (let n = 0; n < 50; n += 1) {
      const token = await sign(privateKey, "known", `user${n}`);
      expect((await verifier.verify(token, { share: `address ${n}` })).user).toBe(`user${n}`);
    }
    await expect.poll(() => issuer.requests()).toBe(2);
    expect(refused).toBe(0);
    answer();
    await Promise.all(flood);
    expect([refused, issuer.requests()]).toEqual([3_000, 2]);
  });

  it("G5: an address over its limit is refused, and another one's new key still waits for the fetch", async () => {
    const { verifier, privateKey, answer } = await stalledIssuer({ maxWaitingPerShare: 20 });
    const flood = (await unknownTokens(privateKey, 50)).map((token) =>
      verifier.verify(token, { share: "mallory" }).catch((error: { code: string }) => error.code),
    );
    const [token = ""] = await unknownTokens(privateKey, 1);
    const other = verifier
      .verify(token, { share: "alice" })
      .catch((error: { failure: string }) => error.failure);
    // Each token has its turn before it waits for the fetch.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    answer();
    const codes = await Promise.all(flood);
    expect(codes.filter((code) => code === "overloaded")).toHaveLength(30);
    expect(await other).toBe("unknown_key");
  });

  it("G5: is refused a few at a time, also once the fetch has ended and during the cool-down", async () => {
    const { verifier, privateKey, answer } = await stalledIssuer();
    let loops = 0;
    const counting = new AbortController();
    const counter = (async () => {
      for (; !counting.signal.aborted; loops += 1) await new Promise(setImmediate);
    })();
    const flood = async () => {
      const inLoop = new Map<number, number>();
      const count = () => inLoop.set(loops, (inLoop.get(loops) ?? 0) + 1);
      const tokens = await unknownTokens(privateKey, 200);
      const refusals = tokens.map((token) => verifier.verify(token, { share: "mallory" }).catch(count));
      for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
      answer();
      await Promise.all(refusals);
      return Math.max(...inLoop.values());
    };
    for (const phase of ["the fetch has ended", "cool-down"])
      expect(await flood(), phase).toBeLessThanOrEqual(8);
    counting.abort();
    await counter;
  });

  it("G5: a client that goes away stops waiting for the keys", async () => {
    const { verifier, privateKey, answer } = await stalledIssuer({ maxWaitingPerShare: 1 });
    const [first = "", second = ""] = await unknownTokens(privateKey, 2);
    const gone = new AbortController();
    const waiting = verifier.verify(first, { share: "a", signal: gone.signal });
    await new Promise(setImmediate);
    gone.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    const next = verifier.verify(second, { share: "a" });
    await new Promise(setImmediate);
    answer();
    await expect(next).rejects.toMatchObject({ failure: "unknown_key" });
  });
});
