import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NotPrivateError } from "./not-private-error.ts";
import { ensurePrivateDir } from "./private-dir.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-private-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string) => statSync(path).mode & 0o7777;
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** Calls the function in a process of another user, and returns its warning or the error's message. */
function asNobody(dir: string): string {
  const program = `import { ensurePrivateDir } from ${JSON.stringify(import.meta.resolve("./private-dir.ts"))};
    try { console.log(ensurePrivateDir(process.argv[1])); } catch (error) { console.log(error.name, error.message); }`;
  const [uid, gid] = [NOBODY, NOBODY];
  const args = ["--input-type=module", "-e", program, dir];
  return execFileSync(process.execPath, args, { uid, gid, cwd: "/", encoding: "utf8" }).trim();
}

describe("a private directory", () => {
  it("is created with its parents, for this user only", () => {
    const dir = join(root, "a", "b");
    expect(ensurePrivateDir(dir)).toBeUndefined();
    expect([modeOf(dir), modeOf(join(root, "a"))]).toEqual([0o700, 0o700]);
  });

  it.each([0o755, 0o777, 0o750, 0o701, 0o2775])("is closed to others if it exists with mode %o", (mode) => {
    const dir = join(root, "dir");
    mkdirSync(dir);
    writeFileSync(join(dir, "kept"), "x");
    chmodSync(dir, mode);
    expect(ensurePrivateDir(dir)).toBeUndefined();
    expect(modeOf(dir) & 0o777).toBe(0o700);
    expect(ensurePrivateDir(dir)).toBeUndefined();
  });

  it("may be reached by a symbolic link: the directory is closed, and its parent stays as it is", () => {
    const dir = join(root, "dir");
    mkdirSync(dir, { mode: 0o755 });
    chmodSync(root, 0o755);
    symlinkSync(dir, join(root, "link"));
    ensurePrivateDir(join(root, "link"));
    expect([modeOf(dir), modeOf(root)]).toEqual([0o700, 0o755]);
  });

  it("is refused and left as it is if all users share it, like /tmp", () => {
    const dir = join(root, "tmp");
    mkdirSync(dir);
    chmodSync(dir, 0o1777);
    expect(() => ensurePrivateDir(dir)).toThrow(NotPrivateError);
    expect(() => ensurePrivateDir(dir)).toThrow(/shared by all users/);
    expect(modeOf(dir)).toBe(0o1777);
  });

  it("can't be created where the system refuses every new directory, and says so at once", () => {
    // With the option `recursive`, Node's mkdir would never return here.
    if (existsSync("/proc/self")) expect(() => ensurePrivateDir("/proc/parley/data")).toThrow(/ENOENT/);
  });

  it("names a read-only file system as the reason, and not a missing directory", ({ skip }) => {
    const program = `import { ensurePrivateDir, describeFileError } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
      for (const dir of ["data", "a/data", "."])
        try { ensurePrivateDir(dir); } catch (error) { console.log(describeFileError(error)); }`;
    // In a mount namespace of its own, so that the file system disappears with the process.
    const mounted = 'mount -t tmpfs -o ro,mode=755 none "$0" && cd "$0" && exec "$@"';
    const node = [process.execPath, "--input-type=module", "-e", program];
    const child = spawnSync("unshare", ["-rm", "sh", "-c", mounted, root, ...node], { encoding: "utf8" });
    if (child.status !== 0) {
      process.stderr.write(
        "\n*** SKIPPED: a test of a read-only file system, which needs unshare and mount\n\n",
      );
      skip();
    }
    const reason = "its file system is read-only (EROFS)";
    expect(child.stdout.trim().split("\n")).toEqual([reason, reason, reason]);
  });

  it("can't be a file", () => {
    writeFileSync(join(root, "file"), "");
    expect(() => ensurePrivateDir(join(root, "file"))).toThrow(/EEXIST|ENOTDIR/);
  });
});

describe.runIf(isRoot)("a directory of another user", () => {
  it.each([0o755, 0o2775])("is used with a warning, and left as it is: mode %o", (mode) => {
    const dir = join(root, "dir");
    mkdirSync(dir);
    chmodSync(dir, mode);
    chmodSync(root, 0o755);
    expect(asNobody(dir)).toBe(`${dir} belongs to user 0, who can read and change what is in it`);
    expect(modeOf(dir)).toBe(mode);
    chownSync(dir, NOBODY, NOBODY);
    expect(ensurePrivateDir(dir)).toMatch(/belongs to user 65534/);
    expect(modeOf(dir)).toBe(mode);
  });

  it("is refused if every user may write to it", () => {
    const dir = join(root, "dir");
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    chmodSync(root, 0o755);
    expect(asNobody(dir)).toMatch(/^NotPrivateError .* belongs to user 0 and every user may write to it/);
  });
});
