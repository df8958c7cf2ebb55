import { createHmac } from "node:crypto";
import fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { AuthError } from "./error.ts";
import { issueToken } from "./issue.ts";
import { MAX_TOKEN_LENGTH } from "./token-form.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

const SECRET = "the first secret, 32 bytes or more";
const NEXT_SECRET = "the second secret, 32 bytes or more";
const NOW = 1_750_000_000_000;

function isUser(sub: string): boolean {
  return /^[a-z]{1,64}$/.test(sub);
}

function verifierOf(config: Partial<VerifierOptions> = {}) {
  return createVerifier({
    secrets: [SECRET],
    isUser,
    clocks: { wallTime: () => NOW, now: () => 0 },
    ...config,
  });
}

/** Signs a token with exactly these claims. */
function signed(claims: Record<string, unknown>, { secret = SECRET, alg = "HS256" } = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

const inAnHour = NOW / 1000 + 3600;

async function refusal(verdict: Promise<unknown>): Promise<{ code: string; failure: string }> {
  const error = await verdict.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AuthError)) throw new Error(`not refused with an AuthError: ${String(error)}`);
  return { code: error.code, failure: error.failure };
}

describe("a valid token", () => {
  it("P61: returns user, scopes and expiry", async () => {
    const scopes = ["history:read", "ops"];
    const { token, expiresAt } = await issueToken({ user: "alice", secret: SECRET, scopes, now: () => NOW });
    const identity = await verifierOf().verify(token);
    expect(identity).toEqual({ user: "alice", scopes: new Set(scopes), issuedAt: NOW, expiresAt });
    expect(expiresAt).toBe(NOW + 3_600_000);
  });

  it.each([
    ["a string", "history:read  ops", ["history:read", "ops"]],
    ["a list", ["history:read", 7, null, "", "ops"], ["history:read", "ops"]],
    ["an object", { "history:read": true }, []],
    ["thousands of others", `${"x ".repeat(2_000)}a b ops OPS`, ["ops"]],
    ["nothing", undefined, []],
  ])("P54: takes scopes from %s", async (_what, scope, expected) => {
    const token = await signed({ sub: "alice", exp: inAnHour, ...(scope !== undefined && { scope }) });
    expect([...(await verifierOf().verify(token)).scopes]).toEqual(expected);
  });

  it("P61: each of several secrets verifies, and a removed secret doesn't", async () => {
    const old = (await issueToken({ user: "alice", secret: SECRET, now: () => NOW })).token;
    const fresh = (await issueToken({ user: "bob", secret: NEXT_SECRET, now: () => NOW })).token;
    const both = verifierOf({ secrets: [NEXT_SECRET, SECRET] });
    expect((await both.verify(old)).user).toBe("alice");
    expect((await both.verify(fresh)).user).toBe("bob");
    expect(await refusal(verifierOf({ secrets: [NEXT_SECRET] }).verify(old))).toEqual({
      code: "unauthorized",
      failure: "signature",
    });
  });

  it("P61: issuer and audience are checked if they are set", async () => {
    const set = { issuer: "https://id.example", audience: "chat" };
    const { token } = await issueToken({ user: "alice", secret: SECRET, now: () => NOW, ...set });
    expect((await verifierOf(set).verify(token)).user).toBe("alice");
    expect((await verifierOf().verify(token)).user).toBe("alice");
    const among = await signed({ sub: "alice", exp: inAnHour, iss: set.issuer, aud: ["other", "chat"] });
    expect((await verifierOf(set).verify(among)).user).toBe("alice");
  });

  it("P6: an expiry beyond the range of Date is cut to its maximum", async () => {
    const token = await signed({ sub: "alice", exp: 1e300 });
    const { expiresAt } = await verifierOf().verify(token);
    expect(new Date(expiresAt).toISOString()).toBe("+275760-09-13T00:00:00.000Z");
  });
});

describe("an invalid token", () => {
  const good = { sub: "alice", exp: inAnHour };

  it.each<[string, () => Promise<string> | string | undefined, string, string]>([
    ["none", () => undefined, "token_missing", "missing"],
    ["an empty one", () => "", "token_missing", "missing"],
    ["text that isn't a JWT", () => "not a token", "unauthorized", "malformed"],
    ["a very long one", () => "a".repeat(MAX_TOKEN_LENGTH + 1), "unauthorized", "malformed"],
    ["an expired one", () => signed({ ...good, exp: NOW / 1000 - 1 }), "token_expired", "expired"],
    [
      "one that expired long ago",
      () => signed({ ...good, exp: NOW / 1000 - 3600 }),
      "token_expired",
      "expired",
    ],
    ["one that ends now", () => signed({ ...good, exp: NOW / 1000 }), "token_expired", "expired"],
    ["a short secret's", () => signed(good, { secret: "short" }), "unauthorized", "signature"],
    ["another secret's", () => signed(good, { secret: NEXT_SECRET }), "unauthorized", "signature"],
    [
      "an expired one of another secret",
      () => signed({ ...good, exp: 1 }, { secret: NEXT_SECRET }),
      "unauthorized",
      "signature",
    ],
    ["alg none", () => new UnsecuredJWT(good).encode(), "unauthorized", "algorithm"],
    [
      "alg HS384",
      () => signed(good, { secret: SECRET.repeat(2), alg: "HS384" }),
      "unauthorized",
      "algorithm",
    ],
    ["no exp", () => signed({ sub: "alice" }), "unauthorized", "claims"],
    ["exp as text", () => signed({ sub: "alice", exp: "never" }), "unauthorized", "claims"],
    ["no sub", () => signed({ exp: inAnHour }), "unauthorized", "subject"],
    ["sub as a number", () => signed({ ...good, sub: 7 }), "unauthorized", "subject"],
    ["sub that isn't a username", () => signed({ ...good, sub: "a:b" }), "unauthorized", "subject"],
    ["an empty sub", () => signed({ ...good, sub: "" }), "unauthorized", "subject"],
    ["sub as a list", () => signed({ ...good, sub: ["alice"] }), "unauthorized", "subject"],
  ])("P3: %s", async (_what, token, code, failure) => {
    expect(await refusal(verifierOf().verify(await token()))).toEqual({ code, failure });
  });

  it("P61: an expired token counts as expired with any of several secrets", async () => {
    const verifier = verifierOf({ secrets: [SECRET, NEXT_SECRET] });
    for (const secret of [SECRET, NEXT_SECRET])
      expect((await refusal(verifier.verify(await signed({ ...good, exp: 1 }, { secret })))).code).toBe(
        "token_expired",
      );
  });

  it.each([
    ["no iss", { aud: "chat" }, "issuer"],
    ["another iss", { iss: "https://evil.example", aud: "chat" }, "issuer"],
    ["no aud", { iss: "https://id.example" }, "audience"],
    ["another aud", { iss: "https://id.example", aud: ["other"] }, "audience"],
  ])("P3: %s", async (_what, claims, failure) => {
    const verifier = verifierOf({ issuer: "https://id.example", audience: "chat" });
    const token = await signed({ ...good, ...claims });
    expect(await refusal(verifier.verify(token))).toEqual({ code: "unauthorized", failure });
  });

  it.each([
    [30, {}],
    [0, { nbfToleranceMs: 0 }],
    [60, { nbfToleranceMs: 60_000 }],
  ])("P3: a token that isn't valid yet is refused, with a tolerance of %i s", async (seconds, options) => {
    const verifier = verifierOf(options);
    const soon = NOW / 1000 + seconds;
    const refused = await signed({ ...good, nbf: soon + 1 });
    expect(await refusal(verifier.verify(refused))).toEqual({
      code: "unauthorized",
      failure: "not_yet_valid",
    });
    expect((await verifier.verify(await signed({ ...good, nbf: soon }))).user).toBe("alice");
  });

  it("P3: a token changed at any single position is refused", async () => {
    const { token } = await issueToken({ user: "alice", secret: SECRET, now: () => NOW });
    const verifier = verifierOf();
    const places = fc.record({ at: fc.nat(token.length - 1), by: fc.constantFrom(..."aZ09_-.") });
    await fc.assert(
      fc.asyncProperty(places, async ({ at, by }) => {
        const changed = token.slice(0, at) + by + token.slice(at + 1);
        fc.pre(changed !== token);
        expect((await refusal(verifier.verify(changed))).code).toBe("unauthorized");
      }),
    );
  });

  it("P3: changed claims with the old signature are refused", async () => {
    const { token } = await issueToken({ user: "alice", secret: SECRET, now: () => NOW });
    const [header, , signature] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ sub: "admin", exp: inAnHour })).toString("base64url");
    expect((await refusal(verifierOf().verify(`${header}.${claims}.${signature}`))).code).toBe(
      "unauthorized",
    );
  });

  it("P3: any string is refused with an AuthError and no other error", async () => {
    const verifier = verifierOf();
    const part = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString("base64url")),
      fc.base64String(),
    );
    const shaped = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: "binary" }), shaped), async (token) => {
        expect((await refusal(verifier.verify(token))).code).toMatch(/^(unauthorized|token_missing)$/);
      }),
      { numRuns: 500 },
    );
  });

  it("P3: any JSON as header and claims, correctly signed, gives an identity or an AuthError", async () => {
    const verifier = verifierOf();
    const header = fc.oneof(fc.constant('{"alg":"HS256"}'), fc.json());
    await fc.assert(
      fc.asyncProperty(header, fc.json(), async (head, claims) => {
        const input = [head, claims].map((text) => Buffer.from(text).toString("base64url")).join(".");
        const signature = createHmac("sha256", SECRET).update(input).digest("base64url");
        expect((await refusal(verifier.verify(`${input}.${signature}`))).code).toBe("unauthorized");
      }),
      { numRuns: 300 },
    );
  });

  it("P3: the error contains nothing of the token", async () => {
    const token = await signed({ ...good, sub: "somebody:private" });
    const error: unknown = await verifierOf()
      .verify(token)
      .catch((reason: unknown) => reason);
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(shown).not.toContain("private");
    expect(shown).not.toContain(token.slice(0, 20));
    expect((error as Error).cause).toBeUndefined();
  });
});

describe("configuration", () => {
  it.each([
    ["neither secret nor key set", {}, /set secrets or jwksUrl/],
    ["an empty list of secrets", { secrets: [] }, /set secrets or jwksUrl/],
    ["both", { secrets: [SECRET], jwksUrl: "http://127.0.0.1:1/" }, /only one/],
    ["a short secret", { secrets: [SECRET, "x".repeat(31)] }, /at least 32 bytes/],
    ["an invalid URL", { jwksUrl: "nowhere" }, /Invalid URL/],
  ])("P61: refuses %s at creation", (_what, config, message) => {
    expect(() => createVerifier({ isUser, ...config })).toThrow(message);
  });

  it("P61: the minimum length counts bytes, not characters, and no error contains the secret", async () => {
    expect(() => createVerifier({ isUser, secrets: ["ü".repeat(16)] })).not.toThrow();
    const secret = "hunter2-hunter2";
    await expect(issueToken({ user: "alice", secret })).rejects.toThrow(/at least 32 bytes/);
    await expect(issueToken({ user: "alice", secret })).rejects.not.toThrow(secret);
  });

  it.each([0, -1, 1.5, Number.NaN])(
    "P60: a token lifetime of %s seconds is refused",
    async (expiresInSeconds) => {
      await expect(issueToken({ user: "alice", secret: SECRET, expiresInSeconds })).rejects.toThrow(
        RangeError,
      );
    },
  );
});
