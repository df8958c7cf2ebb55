import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, onFreePort, PortTaken } from "../free-port.ts";
import { type Child, type Exit, type OnLine, startChild } from "./child.ts";

export type AppName = "gateway" | "persister" | "history-api" | "standalone";

/** Options of `startApp`. */
export interface AppOptions {
  /** Environment of the app, which inherits only PATH, HOME and TMPDIR. PORT and ADMIN_PORT default to free ports. */
  readonly env?: Readonly<Record<string, string>>;
  /** True to run dist/main.js, which the build creates. By default, the source runs. */
  readonly built?: boolean;
  /** Path of a bundle to run instead of the app's source or build. */
  readonly file?: string | undefined;
  /** A wrapper command, such as `["sh", "-c", 'ulimit -n 1024; exec "$@"', "sh"]`. It must `exec` its arguments. */
  readonly wrap?: readonly string[] | undefined;
  /** Condition to wait for. `ready` (default): /readyz returns 200. `live`: /healthz returns 200. `spawned`: none. */
  readonly until?: "ready" | "live" | "spawned";
  /** Time limit for the wait. Default 60,000. */
  readonly timeoutMs?: number;
  /** Called with each complete line that the app prints. */
  readonly onLine?: OnLine;
  /** If this signal is aborted during the wait, the process is killed and the start rejects. */
  readonly signal?: AbortSignal;
}

/** An app that runs as a process on 127.0.0.1. */
export interface App {
  readonly name: AppName;
  readonly pid: number;
  /** Address of the app's PORT, such as `http://127.0.0.1:20000`. The persister has no PORT, only `adminUrl`. */
  readonly url: string;
  readonly adminUrl: string;
  /** Standard output and standard error since the last start, at most the last 64 Ki characters. */
  output(): string;
  /** Resolves with the exit status once the process has exited. */
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM, and SIGKILL if the process still runs after 30 s. Resolves with the exit status. */
  stop(): Promise<Exit>;
  /** Sends a signal and resolves at once. For SIGKILL, resolves once the process has exited. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /**
   * Stops the app if it runs and starts it again on the same ports. `env` is added to the earlier environment. From
   * then on `file`, if given, runs in place of the earlier bundle.
   */
  restart(env?: Readonly<Record<string, string>>, file?: string): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../../../..");
/** Folder of Node's compile cache, which cuts the start time to about two thirds. */
const COMPILED = join(ROOT, ".cache/node");
/** Longer than the 25 s within which an app exits (P41). */
const STOP_DEADLINE_MS = 30_000;
/** The same as for servers: a store that was killed on a busy machine may need half a minute for its first answer. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

/** Starts an app and waits for it. Rejects with the app's output if it exits or doesn't become ready in time. */
export function startApp(name: AppName, options: AppOptions = {}): Promise<App> {
  if (options.env?.PORT !== undefined && options.env.ADMIN_PORT !== undefined) return start(name, options);
  return onFreePort(async (port) => {
    const env = { PORT: String(port), ADMIN_PORT: String(await freePort()), ...options.env };
    return start(name, { ...options, env });
  });
}

async function start(name: AppName, options: AppOptions): Promise<App> {
  let env = { HOST: "127.0.0.1", ...options.env };
  let { file } = options;
  const url = `http://127.0.0.1:${options.env?.PORT}`;
  const adminUrl = `http://127.0.0.1:${options.env?.ADMIN_PORT}`;
  let child = await spawn(name, { ...options, env });
  await waitUntilReady(name, adminUrl, child, options);
  return {
    name,
    url,
    adminUrl,
    get pid() {
      return child.pid;
    },
    get exited() {
      return child.exited;
    },
    output: () => child.output(),
    stop: () => child.stop(STOP_DEADLINE_MS),
    kill: (signal) => child.kill(signal),
    async restart(changes = {}, replacement = file) {
      await child.stop(STOP_DEADLINE_MS);
      env = { ...env, ...changes };
      file = replacement;
      child = await spawn(name, { ...options, env, file });
      await waitUntilReady(name, adminUrl, child, options);
    },
  };
}

function spawn(name: AppName, { env, built = false, file, wrap = [], onLine }: AppOptions): Promise<Child> {
  const { PATH, HOME, TMPDIR } = process.env;
  const [command = process.execPath, ...args] = [...wrap, process.execPath, file ?? mainOf(name, built)];
  return startChild({
    command,
    args,
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE: COMPILED, ...env },
    ...(onLine && { onLine }),
  });
}

async function waitUntilReady(
  name: AppName,
  adminUrl: string,
  child: Child,
  options: AppOptions,
): Promise<void> {
  const { until = "ready", timeoutMs = READY_TIMEOUT_MS, signal } = options;
  if (until === "spawned") return;
  const kill = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    await waitForOk(`${adminUrl}/${until === "ready" ? "readyz" : "healthz"}`, child, timeoutMs);
  } catch (error) {
    await child.kill("SIGKILL");
    const text = `${name} did not start: ${error instanceof Error ? error.message : error}\n${child.output()}`;
    throw /PORT \d+ is taken/.test(child.output()) ? new PortTaken(text) : new Error(text);
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

function mainOf(name: AppName, built: boolean): string {
  const file = join(ROOT, "apps", name, built ? "dist/main.js" : "src/main.ts");
  if (!existsSync(file)) throw new Error(`${file} is missing${built ? ": run the build first" : ""}`);
  return file;
}

async function waitForOk(url: string, child: Child, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = "no answer";
  while (child.exit === undefined) {
    if (performance.now() > deadline)
      throw new Error(`timed out after ${timeoutMs} ms; last answer of ${url}: ${last}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      last = String(error);
    }
    await delay(POLL_MS);
  }
  throw new Error(`it exited with ${child.exit.signal ?? child.exit.code}`);
}
