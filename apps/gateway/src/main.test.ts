import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);

/** Runs the process with only this environment, and waits for its exit. */
async function runMain(
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

describe("a process with invalid settings", () => {
  it("P61: names the missing setting and exits with 1 if there is neither a secret nor a key set", async () => {
    const { code, stderr } = await runMain({});
    expect(code).toBe(1);
    expect(stderr).toContain("JWT_SECRET is missing");
  });

  it("P60 P61: names every invalid setting (short secret, bad number, dev tokens in production) without its value", async () => {
    const { code, stderr } = await runMain({
      JWT_SECRET: "hunter2hunter2",
      DRAIN_MS: "soon",
      FRONT_SECRET: "hunter2",
      REDIS_URL: "http://x",
    });
    expect(code).toBe(1);
    for (const name of ["JWT_SECRET", "DRAIN_MS", "REDIS_URL", "FRONT_SECRET"])
      expect(stderr).toContain(name);
    expect(stderr).not.toContain("hunter2");
    const production = await runMain({
      JWT_SECRET: "x".repeat(32),
      AUTH_DEV_TOKENS: "true",
      NODE_ENV: "production",
    });
    expect([production.code, production.stderr]).toEqual([1, expect.stringContaining("AUTH_DEV_TOKENS")]);
  });
});
