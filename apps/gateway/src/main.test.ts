import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);

/** Starts the process with this environment alone; it must end by itself. */
async function starting(
  env: Record<string, string>,
): Promise<{ readonly code: number; readonly stderr: string }> {
  try {
    await run(process.execPath, [join(import.meta.dirname, "main.ts")], { env, timeout: 20_000 });
    return { code: 0, stderr: "" };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stderr" in error)) throw error;
    return { code: Number(error.code), stderr: String(error.stderr) };
  }
}

describe("a process that cannot start", () => {
  it("P61: without a secret or a key set it names what is missing, and exits with 1", async () => {
    const { code, stderr } = await starting({});
    expect(code).toBe(1);
    expect(stderr).toContain("JWT_SECRET is missing");
  });

  it("P60 P61: a short secret, tokens for everybody in production, and bad numbers are all named, none shown", async () => {
    const { code, stderr } = await starting({
      JWT_SECRET: "hunter2hunter2",
      DRAIN_MS: "soon",
      REDIS_URL: "http://x",
    });
    expect(code).toBe(1);
    for (const name of ["JWT_SECRET", "DRAIN_MS", "REDIS_URL"]) expect(stderr).toContain(name);
    expect(stderr).not.toContain("hunter2");
    const production = await starting({
      JWT_SECRET: "x".repeat(32),
      AUTH_DEV_TOKENS: "true",
      NODE_ENV: "production",
    });
    expect([production.code, production.stderr]).toEqual([1, expect.stringContaining("AUTH_DEV_TOKENS")]);
  });
});
