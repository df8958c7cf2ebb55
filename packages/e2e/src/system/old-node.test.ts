import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { OLDEST_NODE } from "../../../../tsup.base.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const APPS = ["gateway", "persister", "history-api", "standalone", "cli"];

function run(node: string, args: readonly string[], app: string) {
  const main = join(ROOT, "apps", app, "dist/main.js");
  return spawnSync(node, [...args, main, "--version"], { encoding: "utf8", env: {}, timeout: 60_000 });
}

function expectRefusal(node: string, args: readonly string[], version: string): void {
  for (const app of APPS) {
    const { status, stdout, stderr } = run(node, args, app);
    const line = `${app} needs Node.js ${OLDEST_NODE} or newer, but not 23. This is v${version}.\n`;
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: line });
  }
}

/** Nodes on PATH whose major version is too old. */
function oldNodes(): { readonly node: string; readonly version: string }[] {
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return [...new Set(found.filter((path) => existsSync(path)))].flatMap((node) => {
    const version = spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.trim();
    return Number.parseInt(version, 10) < Number.parseInt(OLDEST_NODE, 10) ? [{ node, version }] : [];
  });
}

describe("a Node that is too old", () => {
  it.each(["18.20.8", "20.19.5", "22.15.1", "23.11.1"])(
    "is named in one line by every app: %s",
    (version) => {
      const program = `const v = "${version}"; Object.defineProperty(process, "versions", { value: { node: v } });
      Object.defineProperty(process, "version", { value: "v" + v });`;
      const preload = `data:text/javascript,${encodeURIComponent(program)}`;
      expectRefusal(process.execPath, ["--import", preload], version);
    },
  );

  it("can parse every app, so that the line is printed", ({ skip }) => {
    const [old] = oldNodes();
    if (!old) {
      process.stderr.write("\n*** SKIPPED: a test that needs a Node older than 22 on PATH\n\n");
      return skip();
    }
    expectRefusal(old.node, [], old.version);
  });
});

it("documents state the oldest Node wherever they run a built app", () => {
  const documents = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })];
  const running = documents.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("dist/main.js"));
  expect(running).toContain("README.md");
  for (const file of running)
    expect(readFileSync(join(ROOT, file), "utf8"), file).toContain(`Node ${OLDEST_NODE}`);
});
