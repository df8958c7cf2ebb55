import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, onFreePort, PortTaken } from "../free-port.ts";
import { type Child, type Exit, startChild } from "./child.ts";

export type AppName = "gateway" | "persister" | "history-api" | "standalone";

export interface AppOptions {
  /** The app's variables. Nothing is inherited but PATH, HOME and TMPDIR; PORT and ADMIN_PORT are free ones by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs dist/main.js, which `build` makes; else the source. */
  readonly built?: boolean;
  /** Runs this bundle in place of either. */
  readonly file?: string | undefined;
  /** What is waited for: `ready` (default): /readyz says 200; `live`: /healthz does; `spawned`: nothing. */
  readonly until?: "ready" | "live" | "spawned";
  /** How long it may take. Default 30,000. */
  readonly timeoutMs?: number;
  /** Called with each whole line that it prints. */
  readonly onLine?: (line: string) => void;
  /** Aborted while it is waited for, the process is killed and the start rejects. */
  readonly signal?: AbortSignal;
}

/** An app as a process of its own on 127.0.0.1. */
export interface App {
  readonly name: AppName;
  readonly pid: number;
  /** Of its PORT, as `http://127.0.0.1:20000`; the persister has none and listens at `adminUrl` alone. */
  readonly url: string;
  readonly adminUrl: string;
  /** Standard output and standard error, the last 64 Ki characters since its last start. */
  output(): string;
  /** How it ended, once it has. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, then SIGKILL when it does not end within 30 s. Resolves with how it ended. */
  stop(): Promise<Exit>;
  /** Sends a signal. SIGKILL: resolves once it is gone; others at once. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports, after stopping it where it still runs; `env` is added to what it had. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../../../..");
/** Where Node keeps what it has compiled, so that the next start takes two thirds of the time. */
const COMPILED = join(ROOT, ".cache/node");
/** Above the 25 s in which an app promises to end. */
const STOP_DEADLINE_MS = 30_000;
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/** Starts an app and waits for it. Rejects with what it printed where it ends or stays unready. */
export function startApp(name: AppName, options: AppOptions = {}): Promise<App> {
  if (options.env?.PORT !== undefined && options.env.ADMIN_PORT !== undefined) return start(name, options);
  return onFreePort(async (port) => {
    const env = { PORT: String(port), ADMIN_PORT: String(await freePort()), ...options.env };
    return start(name, { ...options, env });
  });
}

async function start(name: AppName, options: AppOptions): Promise<App> {
  let env = { HOST: "127.0.0.1", ...options.env };
  const url = `http://127.0.0.1:${options.env?.PORT}`;
  const adminUrl = `http://127.0.0.1:${options.env?.ADMIN_PORT}`;
  let child = await spawn(name, { ...options, env });
  await untilReady(name, adminUrl, child, options);
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
    async restart(changes = {}) {
      await child.stop(STOP_DEADLINE_MS);
      env = { ...env, ...changes };
      child = await spawn(name, { ...options, env });
      await untilReady(name, adminUrl, child, options);
    },
  };
}

function spawn(name: AppName, { env, built = false, file, onLine }: AppOptions): Promise<Child> {
  const { PATH, HOME, TMPDIR } = process.env;
  return startChild({
    command: process.execPath,
    args: [file ?? mainOf(name, built)],
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE: COMPILED, ...env },
    ...(onLine && { onLine }),
  });
}

async function untilReady(name: AppName, adminUrl: string, child: Child, options: AppOptions): Promise<void> {
  const { until = "ready", timeoutMs = READY_TIMEOUT_MS, signal } = options;
  if (until === "spawned") return;
  const kill = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    await answers(`${adminUrl}/${until === "ready" ? "readyz" : "healthz"}`, child, timeoutMs);
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
  if (!existsSync(file)) throw new Error(`${file} is missing${built ? ": build it first" : ""}`);
  return file;
}

async function answers(url: string, child: Child, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last = "no answer";
  while (child.exit === undefined) {
    if (Date.now() > deadline) throw new Error(`${timeoutMs} ms passed, and ${url} says: ${last}`);
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
