import { createHmac } from "node:crypto";
import fc from "fast-check";
import { jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { authErrorOf } from "./failures.ts";
import { checkWithSecrets, secretKey } from "./secrets.ts";
import { hasTokenForm } from "./token-form.ts";

const SECRETS = ["the first secret, 32 bytes or more", "the second secret, 32 bytes or more"];
const OTHER = "a secret that isn't configured, 32 bytes";
const NOW = 1_750_000_000_000;
const OPTIONS = {
  algorithms: ["HS256"],
  clockTolerance: 30,
  currentDate: new Date(NOW),
  issuer: "https://id.example",
  audience: "chat",
};

function tokenOf(header: string, claims: string, secret: string): string {
  const input = [header, claims].map((text) => Buffer.from(text).toString("base64url")).join(".");
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** Returns the claims of a token, or the reason for its refusal. */
async function verdictOf(claims: Promise<unknown>): Promise<unknown> {
  return claims.catch((error: unknown) => authErrorOf(error).failure);
}

/** Verifies with jose alone, as the check does for tokens that aren't usual. */
async function verifyWithJose(token: string): Promise<unknown> {
  let verdict: unknown;
  for (const secret of SECRETS) {
    verdict = await verdictOf(jwtVerify(token, secretKey(secret), OPTIONS).then(({ payload }) => payload));
    if (verdict !== "signature") return verdict;
  }
  return verdict;
}

const seconds = fc.integer({ min: NOW / 1000 - 60, max: NOW / 1000 + 60 });
const claimSets = fc.record(
  {
    sub: fc.constantFrom<unknown>("alice", 7),
    exp: fc.oneof(seconds, fc.constantFrom<unknown>("never", null)),
    nbf: fc.oneof(seconds, fc.constant("now")),
    iss: fc.constantFrom<unknown>(OPTIONS.issuer, "https://evil.example"),
    aud: fc.constantFrom<unknown>("chat", "other", ["other", "chat"], 7),
  },
  { requiredKeys: [] },
);
const headers = fc.oneof(
  { weight: 4, arbitrary: fc.constant('{"alg":"HS256"}') },
  fc.constantFrom(
    '{"alg":"HS256","typ":"JWT","kid":"1","b64":false}',
    '{"alg":"HS256","crit":["b64"],"b64":true}',
    '{"alg":"HS256","crit":["b64"],"b64":false}',
    '{"alg":"HS256","crit":["exp"],"exp":1}',
    '{"alg":"HS256","crit":[]}',
    '{"alg":"HS256","crit":null}',
    '{"alg":"HS512"}',
    '{"alg":"none"}',
    '{"alg":["HS256"]}',
    "[]",
    "{",
  ),
  fc.json(),
);
const secrets = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SECRETS) },
  fc.constantFrom(OTHER, "short"),
);
const claims = fc.oneof(
  { weight: 3, arbitrary: claimSets.map((set) => JSON.stringify(set)) },
  fc.json(),
  fc.string(),
);

describe("a token with an HMAC", () => {
  it("P61: gets the same verdict as from jose, whatever its header, claims and secret", async () => {
    const check = checkWithSecrets(SECRETS);
    await fc.assert(
      fc.asyncProperty(headers, claims, secrets, async (head, set, secret) => {
        const token = tokenOf(head, set, secret);
        fc.pre(hasTokenForm(token));
        expect(await verdictOf(check.claims(token, OPTIONS))).toEqual(await verifyWithJose(token));
      }),
      { numRuns: 1_000 },
    );
  });

  it("P61: with another algorithm is refused each time, also between tokens with the usual header", async () => {
    const check = checkWithSecrets(SECRETS);
    const set = JSON.stringify({ iss: OPTIONS.issuer, aud: OPTIONS.audience, sub: "alice" });
    const [usual, other] = ['{"alg":"HS256"}', '{"alg":"HS512"}'].map((head) =>
      tokenOf(head, set, SECRETS[0] ?? ""),
    );
    const verdicts: unknown[] = [];
    for (const token of [usual, other, other, usual, other])
      verdicts.push(await verdictOf(check.claims(token ?? "", OPTIONS)));
    const claims = JSON.parse(set);
    expect(verdicts).toEqual([claims, "algorithm", "algorithm", claims, "algorithm"]);
  });

  it.each([
    ["none", ""],
    ["a short one", "AAAA"],
    ["a long one", "A".repeat(64)],
  ])("P61: is refused with a signature of another length: %s", async (_what, signature) => {
    const token = tokenOf('{"alg":"HS256"}', JSON.stringify({ sub: "alice" }), OTHER);
    const changed = token.slice(0, token.lastIndexOf(".") + 1) + signature;
    const verdict = await verdictOf(checkWithSecrets(SECRETS).claims(changed, OPTIONS));
    expect(verdict).toBe("signature");
    expect(verdict).toBe(await verifyWithJose(changed));
  });
});
