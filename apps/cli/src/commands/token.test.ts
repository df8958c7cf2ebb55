import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVerifier } from "@parley/auth";
import { startChild } from "@parley/local";
import { isUsername } from "@parley/models";
import { loadOrCreateSecret } from "@parley/service/env";
import { beforeEach, expect, it, onTestFinished } from "vitest";

/** The compile cache that the apps use too. It makes every start after the first one fast. */
const COMPILE_CACHE = join(import.meta.dirname, "../../../../.cache/node");
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-token-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
});

async function token(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; text: string }> {
  const child = await startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, "../main.ts"), "token", ...args],
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
  });
  const { code } = await child.exited;
  return { code, text: child.output() };
}

it("prints only a token, signed with the secret in DATA_DIR", async () => {
  const { code, text } = await token([
    "alice",
    "--scope",
    "history:read",
    "--scope",
    "ops",
    "--expires",
    "7d",
  ]);
  expect(code).toBe(0);
  expect(text).toMatch(/^\S+\n$/);
  const verifier = createVerifier({ secrets: [await loadOrCreateSecret(dataDir)], isUser: isUsername });
  const identity = await verifier.verify(text.trim());
  expect(identity.user).toBe("alice");
  expect([...identity.scopes]).toEqual(["history:read", "ops"]);
  const week = 7 * 86_400_000;
  expect(Math.abs(identity.expiresAt - Date.now() - week)).toBeLessThan(60_000);
  expect(statSync(join(dataDir, "jwt-secret")).mode & 0o077).toBe(0);
});

it("P4: signs for a name of any script in composed form", async () => {
  const { text } = await token(["ন\u09dfন"]);
  const verifier = createVerifier({ secrets: [await loadOrCreateSecret(dataDir)], isUser: isUsername });
  expect(await verifier.verify(text.trim())).toMatchObject({ user: "ন\u09af\u09bcন" });
});

it("signs with the first secret of JWT_SECRET, and sets issuer and audience", async () => {
  const secrets = ["1".repeat(32), "2".repeat(32)];
  const issuer = { JWT_ISSUER: "parley", JWT_AUDIENCE: "chat" };
  const { text } = await token(["bob"], { JWT_SECRET: secrets.join(","), ...issuer });
  const verifier = createVerifier({
    secrets: secrets.slice(0, 1),
    issuer: "parley",
    audience: "chat",
    isUser: isUsername,
  });
  expect(await verifier.verify(text.trim())).toMatchObject({ user: "bob" });
});

it.each([
  { args: ["not a name"], says: "invalid username" },
  { args: ["\u3164"], says: "invalid username" },
  { args: ["alice", "--expires", "soon"], says: "It must be a duration such as 90s" },
  { args: ["alice"], env: { JWT_SECRET: "short" }, says: "JWT_SECRET must be at least 32 bytes" },
  { args: ["alice"], env: { JWT_JWKS_URL: "https://id.example.com/keys" }, says: "JWT_JWKS_URL" },
  { args: ["alice", "--url", "http://localhost:1", "--scope", "ops"], says: "set JWT_SECRET" },
])("reports an invalid command line or environment, with exit code 2: $says", async ({ args, env, says }) => {
  const { code, text } = await token(args, env);
  expect(code).toBe(2);
  expect(text).toContain(says);
  expect(text).not.toMatch(/\n\s+at /);
});

it("--help lists the options", async () => {
  expect(await token(["--help"])).toMatchObject({ code: 0, text: expect.stringContaining("--expires") });
});
