import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, freePort, installOnce } from "@parley/local";
import { startProcess } from "./commands.ts";

const CREATE_VITE = "9.3.0";
const TIMEOUT_MS = 3 * 60_000;
const CLIENT = join(import.meta.dirname, "../../../client");

export interface VitePage {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts Vite's server for a page that `npm create vite` has made, with the packed SDK and this program. If the page
 * can't be made, prints that the suite is skipped and resolves with undefined, or rejects if `CI` is set.
 */
export async function startVitePage(program: string): Promise<VitePage | undefined> {
  try {
    return await start(await createPage(program));
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    process.stderr.write(`\n*** SKIPPED: a suite that needs npm create vite: ${reason}\n\n`);
    return undefined;
  }
}

async function createPage(program: string): Promise<string> {
  const home = join(CACHE, `vite-page-${CREATE_VITE}`);
  await installOnce(home, async (draft) => {
    await mkdir(draft);
    const template = ["--template", "vanilla", "--no-interactive"];
    await run("npm", ["--yes", "create", `vite@${CREATE_VITE}`, "page", "--", ...template], draft);
    await run("npm", ["install", "--no-audit", "--no-fund"], join(draft, "page"));
  });
  const folder = await mkdtemp(join(tmpdir(), "parley-vite-"));
  await cp(join(home, "page"), folder, { recursive: true });
  await run("npx", ["--yes", "pnpm@12", "pack", "--pack-destination", folder], CLIENT);
  await run("npm", ["install", "--no-audit", "--no-fund", "--offline", "./parley-client-0.1.0.tgz"], folder);
  await writeFile(join(folder, "src/main.js"), program);
  return folder;
}

async function start(folder: string): Promise<VitePage> {
  const port = await freePort();
  const vite = join(folder, "node_modules/vite/bin/vite.js");
  const options = ["--host", "127.0.0.1", "--port", String(port), "--strictPort"];
  const running = startProcess(process.execPath, [vite, ...options], {}, folder);
  await running.printed(/ready in/);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      running.signal("SIGTERM");
      await running.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, args, { cwd, timeout: TIMEOUT_MS });
}
