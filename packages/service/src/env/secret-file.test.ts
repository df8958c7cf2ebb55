import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigError } from "./config-error.ts";
import { loadOrCreateSecret } from "./secret-file.ts";

vi.setConfig({ testTimeout: 60_000 });

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "secret-file-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("the secret file", () => {
  it("P61: is created once, long enough, readable by its owner only, and is the same the next time", async () => {
    const data = join(dir, "not", "there");
    const secret = await loadOrCreateSecret(data);
    expect(Buffer.byteLength(secret)).toBeGreaterThanOrEqual(32);
    expect(await loadOrCreateSecret(data)).toBe(secret);
    expect(await readdir(data)).toEqual(["jwt-secret"]);
    expect((await stat(join(data, "jwt-secret"))).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSecret(join(dir, "other"))).not.toBe(secret);
  });

  it("P61: concurrent calls in one process get the same secret", async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateSecret(dir)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(dir)).toEqual(["jwt-secret"]);
  });

  it("P61: processes that start at the same time get the same secret", async () => {
    const program = `import { loadOrCreateSecret } from ${JSON.stringify(import.meta.resolve("./secret-file.ts"))};
      process.stdout.write(await loadOrCreateSecret(process.argv[1]));`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, dir]);
    const outputs = await Promise.all(Array.from({ length: 6 }, run));
    const secrets = new Set(outputs.map(({ stdout }) => stdout));
    expect(secrets).toEqual(new Set([(await readFile(join(dir, "jwt-secret"), "utf8")).trim()]));
  });

  it("P61: is made private if others could read it, and so is its directory", async () => {
    await chmod(dir, 0o755);
    const secret = await loadOrCreateSecret(dir);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    await chmod(join(dir, "jwt-secret"), 0o644);
    expect(await loadOrCreateSecret(dir)).toBe(secret);
    expect((await stat(join(dir, "jwt-secret"))).mode & 0o777).toBe(0o600);
  });

  it("P61: a secret that is too short is refused and not shown", async () => {
    await writeFile(join(dir, "jwt-secret"), "hunter2");
    const error: unknown = await loadOrCreateSecret(dir).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/damaged/);
    expect(String(error)).not.toContain("hunter2");
  });

  it("P61: isn't kept in a directory that all users share", async () => {
    await chmod(dir, 0o1777);
    const error: unknown = await loadOrCreateSecret(dir).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/DATA_DIR cannot keep a secret: .* is shared by all users/);
    expect(await readdir(dir)).toEqual([]);
  });

  it("names a path that can't be a directory", async () => {
    await writeFile(join(dir, "file"), "");
    await expect(loadOrCreateSecret(join(dir, "file"))).rejects.toThrow(
      /^DATA_DIR .* cannot keep a secret: .*E(EXIST|NOTDIR)/,
    );
  });
});
