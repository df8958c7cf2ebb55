import { describe, expect, it } from "vitest";
import { auth } from "./auth.ts";
import { ConfigError } from "./config-error.ts";
import { readEnv } from "./read.ts";

const SECRET = "a secret that has 32 bytes or more";
const JWKS = "https://id.example/keys";

function read(env: Record<string, string>, options?: { required: boolean }) {
  return readEnv({ auth: auth(options) }, env).auth;
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the variables about tokens", () => {
  it("P61: a secret or a key set is required", () => {
    expect(problemsOf({})).toEqual([expect.stringMatching(/^JWT_SECRET is missing.*JWT_JWKS_URL/)]);
    expect(read({}, { required: false }).secrets).toBeUndefined();
  });

  it("P61: several secrets are separated by commas", () => {
    expect(read({ JWT_SECRET: `${SECRET}1, ${SECRET}2` }).secrets).toEqual([`${SECRET}1`, `${SECRET}2`]);
  });

  it.each([
    ["short", "hunter2"],
    ["one of several too short", `${SECRET},hunter2`],
    ["only commas", ",,,"],
  ])("P61: a secret is refused without being shown: %s", (_what, JWT_SECRET) => {
    const problems = problemsOf({ JWT_SECRET });
    expect(problems).toEqual(["JWT_SECRET must be at least 32 bytes, each of them if several"]);
  });

  it("P61: secret and key set exclude each other", () => {
    expect(problemsOf({ JWT_SECRET: SECRET, JWT_JWKS_URL: JWKS })).toEqual([
      expect.stringMatching(/exclude/),
    ]);
  });

  it("P61: key set, issuer and audience are passed on", () => {
    expect(read({ JWT_JWKS_URL: JWKS, JWT_ISSUER: "https://id.example", JWT_AUDIENCE: "chat" })).toEqual({
      secrets: undefined,
      jwksUrl: JWKS,
      issuer: "https://id.example",
      audience: "chat",
      nbfToleranceMs: 30_000,
      maxWaiting: 20_000,
      maxWaitingPerShare: 5_000,
      devTokens: false,
    });
  });

  it("P61: production requires an audience with a key set, since an issuer signs for other applications too", () => {
    const NODE_ENV = "production";
    expect(problemsOf({ JWT_JWKS_URL: JWKS, NODE_ENV })).toEqual([
      expect.stringMatching(/^JWT_AUDIENCE is missing.*other applications.*Set it/),
    ]);
    expect(problemsOf({ JWT_JWKS_URL: JWKS, JWT_AUDIENCE: " ", NODE_ENV })).toHaveLength(1);
    expect(problemsOf({ JWT_JWKS_URL: JWKS, JWT_AUDIENCE: "chat", NODE_ENV })).toEqual([]);
    expect(problemsOf({ JWT_SECRET: SECRET, NODE_ENV })).toEqual([]);
    expect(problemsOf({ JWT_JWKS_URL: JWKS })).toEqual([]);
  });

  it("P61: production requires https for a key set", () => {
    const production = { JWT_AUDIENCE: "chat", NODE_ENV: "production" };
    for (const JWT_JWKS_URL of ["http://id.example/keys", "http://127.0.0.1/keys"])
      expect(problemsOf({ JWT_JWKS_URL, ...production })).toEqual([
        expect.stringMatching(/^JWT_JWKS_URL must begin with https/),
      ]);
    expect(problemsOf({ JWT_JWKS_URL: "http://127.0.0.1:9/keys" })).toEqual([]);
  });

  it("P60: development tokens are refused in production, and off there by default", () => {
    const NODE_ENV = "production";
    expect(problemsOf({ JWT_SECRET: SECRET, AUTH_DEV_TOKENS: "true", NODE_ENV })).toEqual([
      "AUTH_DEV_TOKENS must not be true if NODE_ENV is production: unset one of them",
    ]);
    expect(read({ JWT_SECRET: SECRET, NODE_ENV }).devTokens).toBe(false);
    expect(read({ JWT_SECRET: SECRET, AUTH_DEV_TOKENS: "false", NODE_ENV }).devTokens).toBe(false);
    expect(read({ JWT_SECRET: SECRET, AUTH_DEV_TOKENS: "true" }).devTokens).toBe(true);
    expect(read({ JWT_SECRET: SECRET }).devTokens).toBeUndefined();
  });

  it("P60: development tokens need a secret to sign them", () => {
    expect(problemsOf({ JWT_JWKS_URL: JWKS, AUTH_DEV_TOKENS: "true" })).toEqual([
      expect.stringMatching(/^AUTH_DEV_TOKENS needs JWT_SECRET/),
    ]);
  });
});
