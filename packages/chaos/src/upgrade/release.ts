import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { installOnce } from "@parley/local";
import { RECORDS } from "../runner/trial.ts";
import { COMPONENTS, type Component } from "./plan.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const TIMEOUT_MS = 15 * 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const LAST_LINES = 20;

/** The bundle of each app, by path. */
export type Build = Readonly<Record<Component, string>>;

/** The build of this folder, as the build command left it. */
export const CURRENT: Build = buildAt((component) => join(ROOT, "apps", component, "dist"));

/** The build of a revision can't be made. The message gives the reason. */
export class ReleaseUnavailable extends Error {
  override readonly name = "ReleaseUnavailable";
}

export interface ReleaseOptions {
  /** Root of the git repository. */
  readonly root?: string;
  /** Folder that keeps the builds, each in a folder named after its commit. */
  readonly releases?: string;
  /** Builds all apps in a folder with the files of a revision. */
  readonly build?: (checkout: string) => Promise<void>;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
}

/** Returns the build of a git revision. Makes it unless an earlier run did. */
export async function releaseOf(
  revision: string,
  { root = ROOT, releases = join(RECORDS, "releases"), build = buildIn, log }: ReleaseOptions,
): Promise<{ readonly commit: string; readonly build: Build }> {
  const commit = await commitOf(root, revision);
  const home = join(releases, commit);
  await installOnce(home, async (draft) => {
    log(`builds ${revision} (${commit}), once; this takes a minute`);
    // Outside of the repository: there turbo would leave out what git ignores, and might reuse another build.
    const checkout = await mkdtemp(join(tmpdir(), "parley-release-"));
    try {
      await run("git", ["archive", "--output", join(checkout, "files.tar"), commit], root);
      await run("tar", ["-xf", "files.tar"], checkout);
      await build(checkout);
      await mkdir(draft, { recursive: true });
      for (const component of COMPONENTS)
        await cp(join(checkout, "apps", component, "dist"), join(draft, component), { recursive: true });
    } catch (error) {
      throw new ReleaseUnavailable(`${revision} can't be built: ${messageOf(error)}`, { cause: error });
    } finally {
      await rm(checkout, { recursive: true, force: true });
    }
  });
  return { commit, build: buildAt((component) => join(home, component)) };
}

/** Names the present commit, with "-dirty" if files have changed since. */
export function describeCurrent(root = ROOT): Promise<string> {
  return run("git", ["describe", "--always", "--dirty"], root);
}

async function commitOf(root: string, revision: string): Promise<string> {
  // The prefix is empty at the top of a repository, but not in a folder that only lies within another one.
  const prefix = await run("git", ["rev-parse", "--show-prefix"], root).catch((error) => messageOf(error));
  if (prefix !== "")
    throw new ReleaseUnavailable(
      `--upgrade needs the root of a git repository, and ${root} isn't one: ${prefix}`,
    );
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  return run("git", args, root).catch((error) => {
    throw new ReleaseUnavailable(`--upgrade: there is no revision ${revision} in ${root}`, { cause: error });
  });
}

/** Builds with the commands of the revision itself. */
async function buildIn(checkout: string): Promise<void> {
  await run("npx", ["--yes", "pnpm@12", "install", "--frozen-lockfile", "--prefer-offline"], checkout);
  await run("npx", ["--yes", "pnpm@12", "build"], checkout);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const options = { cwd, env, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  return (await promisify(execFile)(command, [...args], options)).stdout.trim();
}

function buildAt(folderOf: (component: Component) => string): Build {
  const files = COMPONENTS.map((component) => [component, join(folderOf(component), "main.js")] as const);
  return Object.fromEntries(files) as Record<Component, string>;
}

/** Returns the end of a command's output, or the error's message if there is no output. */
function messageOf(error: unknown): string {
  const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
  const text = `${stdout}\n${stderr}`.trim() || String(error);
  return text.split("\n").slice(-LAST_LINES).join("\n");
}
