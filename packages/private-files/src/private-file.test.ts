import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NotPrivateError } from "./not-private-error.ts";
import { ensurePrivateFile } from "./private-file.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-private-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("a private file", () => {
  it.each([0o644, 0o666, 0o640, 0o604])("is closed to others if it has mode %o", (mode) => {
    const file = join(root, "file");
    writeFileSync(file, "x");
    chmodSync(file, mode);
    ensurePrivateFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("may be missing, and keeps a mode that is stricter", () => {
    ensurePrivateFile(join(root, "missing"));
    const file = join(root, "file");
    writeFileSync(file, "x", { mode: 0o400 });
    ensurePrivateFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o400);
  });

  it("can't be a directory", () => {
    mkdirSync(join(root, "dir"));
    expect(() => ensurePrivateFile(join(root, "dir"))).toThrow(NotPrivateError);
  });

  it.runIf(process.getuid?.() === 0)(
    "is refused if it belongs to another user, who lets others read it",
    () => {
      const file = join(root, "file");
      writeFileSync(file, "x");
      chmodSync(file, 0o644);
      chmodSync(root, 0o755);
      const program = `import { ensurePrivateFile } from ${JSON.stringify(import.meta.resolve("./private-file.ts"))};
      try { ensurePrivateFile(process.argv[1]); } catch (error) { console.log(error.name, error.message); }`;
      const args = ["--input-type=module", "-e", program, file];
      const output = execFileSync(process.execPath, args, {
        uid: 65_534,
        gid: 65_534,
        cwd: "/",
        encoding: "utf8",
      });
      expect(output).toMatch(/^NotPrivateError .* chmod failed with EPERM: run chmod 600/);
    },
  );
});
