import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigError } from "./config-error.ts";
import { keptSecret } from "./kept-secret.ts";

vi.setConfig({ testTimeout: 60_000 });

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kept-secret-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("a kept secret", () => {
  it("P61: is made once, long enough, for its owner alone, and is the same the next time", async () => {
    const data = join(dir, "not", "there");
    const secret = await keptSecret(data);
    expect(Buffer.byteLength(secret)).toBeGreaterThanOrEqual(32);
    expect(await keptSecret(data)).toBe(secret);
    expect(await readdir(data)).toEqual(["jwt-secret"]);
    expect((await stat(join(data, "jwt-secret"))).mode & 0o777).toBe(0o600);
    expect(await keptSecret(join(dir, "other"))).not.toBe(secret);
  });

  it("P61: many at once in one process agree", async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => keptSecret(dir)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(dir)).toEqual(["jwt-secret"]);
  });

  it("P61: processes that start at once agree", async () => {
    const program = `import { keptSecret } from ${JSON.stringify(import.meta.resolve("./kept-secret.ts"))};
      process.stdout.write(await keptSecret(process.argv[1]));`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, dir]);
    const outputs = await Promise.all(Array.from({ length: 6 }, run));
    const secrets = new Set(outputs.map(({ stdout }) => stdout));
    expect(secrets).toEqual(new Set([(await readFile(join(dir, "jwt-secret"), "utf8")).trim()]));
  });

  it("P61: is closed to others where it was open", async () => {
    const secret = await keptSecret(dir);
    await chmod(join(dir, "jwt-secret"), 0o644);
    expect(await keptSecret(dir)).toBe(secret);
    expect((await stat(join(dir, "jwt-secret"))).mode & 0o777).toBe(0o600);
  });

  it("P61: one that is too short is refused and not shown", async () => {
    await writeFile(join(dir, "jwt-secret"), "hunter2");
    const error: unknown = await keptSecret(dir).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/damaged/);
    expect(String(error)).not.toContain("hunter2");
  });

  it("a directory that cannot be one is named", async () => {
    await writeFile(join(dir, "file"), "");
    await expect(keptSecret(join(dir, "file"))).rejects.toThrow(
      /^DATA_DIR cannot keep a secret: E(EXIST|NOTDIR)/,
    );
  });
});
