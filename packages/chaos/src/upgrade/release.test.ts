import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COMPONENTS } from "./plan.ts";
import { releaseOf } from "./release.ts";

let root: string;
let releases: string;
const built: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-repository-"));
  releases = join(root, "releases");
  built.length = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

function git(...args: string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  return execFileSync("git", [...identity, ...args], { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
}

function commit(text: string): string {
  for (const component of COMPONENTS) {
    mkdirSync(join(root, "apps", component), { recursive: true });
    writeFileSync(join(root, "apps", component, "main.js"), `${component} ${text}`);
  }
  git("add", "apps");
  git("commit", "--quiet", "--message", text);
  return git("rev-parse", "HEAD");
}

/** Builds by copying each source, because a real build of a release takes half a minute. */
async function build(checkout: string): Promise<void> {
  built.push(readFileSync(join(checkout, "apps/gateway/main.js"), "utf8"));
  for (const component of COMPONENTS) {
    const folder = join(checkout, "apps", component);
    cpSync(join(folder, "main.js"), join(folder, "dist/main.js"));
  }
}

const release = (revision: string, make = build) =>
  releaseOf(revision, { root, releases, build: make, log: () => undefined });

describe("the build of a release", () => {
  it("is made from the files of the revision, once for each commit, whatever its name", async () => {
    git("init", "--quiet");
    const first = commit("one");
    git("tag", "v1");
    commit("two");
    const made = await release("v1");
    expect(made.commit).toBe(first);
    expect(readFileSync(made.build["history-api"], "utf8")).toBe("history-api one");
    expect(await release(first)).toEqual(made);
    await release("HEAD");
    expect(built).toEqual(["gateway one", "gateway two"]);
  });

  it("is made again after a build that failed, and the error has the end of its output", async () => {
    git("init", "--quiet");
    commit("one");
    const broken = release("HEAD", async () => {
      throw Object.assign(new Error("exit code 1"), { stdout: "error: no such module" });
    });
    await expect(broken).rejects.toThrow("HEAD can't be built: error: no such module");
    expect(readdirSync(releases)).toEqual([]);
    await release("HEAD");
    expect(built).toEqual(["gateway one"]);
  });

  it("names a revision that doesn't exist, and a folder that is no repository or only a part of one", async () => {
    await expect(release("HEAD")).rejects.toThrow(`${root} isn't one: fatal: not a git repository`);
    git("init", "--quiet");
    commit("one");
    await expect(release("v9")).rejects.toThrow(`there is no revision v9 in ${root}`);
    await expect(release("--help")).rejects.toThrow("there is no revision --help");
    const part = join(root, "apps");
    const options = { root: part, releases, build, log: () => undefined };
    await expect(releaseOf("HEAD", options)).rejects.toThrow(`${part} isn't one: apps/`);
  });
});
