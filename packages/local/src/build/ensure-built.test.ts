import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildIfChanged } from "./ensure-built.ts";

let root: string;
let builds = 0;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-build-"));
  builds = 0;
  write("apps/x/src/main.ts", "one");
  write("tsup.base.ts", "");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function build(code = 0): number {
  return buildIfChanged(root, "all", () => {
    builds += 1;
    if (code === 0) write("apps/x/dist/main.js", `build ${builds}`);
    return code;
  });
}

it("builds once, and not again while nothing changes", () => {
  expect([build(), build(), build()]).toEqual([0, 0, 0]);
  write("apps/x/node_modules/y/index.js", "");
  write("data/parley.db", "");
  build();
  expect(builds).toBe(1);
});

it.each([
  ["a new file", () => write("packages/y/src/new.ts", "")],
  ["a removed file", () => rmSync(join(root, "apps/x/src/main.ts"))],
  ["a file of the root", () => write("tsup.base.ts", "x")],
  ["a missing output", () => rmSync(join(root, "apps/x/dist"), { recursive: true })],
  ["an output that something else wrote", () => write("apps/x/dist/main.js", "build 0")],
])("builds again after a change: %s", (_what, change) => {
  build();
  change();
  build();
  build();
  expect(builds).toBe(2);
});

it("notices a change that keeps the file's size and its time of change", () => {
  build();
  const file = join(root, "apps/x/src/main.ts");
  const { atime, mtime } = statSync(file);
  writeFileSync(file, "two");
  utimesSync(file, atime, mtime);
  build();
  expect(builds).toBe(2);
});

it("builds again after a build that failed, and if a file changed during the build", () => {
  expect([build(7), build()]).toEqual([7, 0]);
  expect(builds).toBe(2);
  write("apps/x/src/main.ts", "three");
  buildIfChanged(root, "all", () => {
    write("apps/x/src/main.ts", "four!");
    return 0;
  });
  build();
  expect(builds).toBe(3);
});
