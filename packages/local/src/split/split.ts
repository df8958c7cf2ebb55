import { join } from "node:path";
import { ensurePrivateDir } from "@parley/private-files";
import {
  ConfigError,
  closeServer,
  createFrontSecret,
  listen,
  type ObserveHttp,
  redactUrl,
  type ServiceContext,
  writeRunningSplit,
} from "@parley/service";
import { freePort, isFree } from "../free-port.ts";
import { takeLock } from "../lock.ts";
import { type AppName, startApp } from "../processes/app.ts";
import { readiness } from "../processes/readiness.ts";
import { type SupervisionEvent, supervise } from "../processes/supervise.ts";
import { startMongo } from "../servers/mongo.ts";
import { startRedis } from "../servers/redis.ts";
import type { LocalServer, ServerOptions } from "../servers/server.ts";
import { createFront, type Upstream } from "./front.ts";

/** Options of `startSplit`. */
export interface SplitOptions {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** URL of an existing Redis. If undefined, one is started with its data in `dataDir`. */
  readonly redisUrl: string | undefined;
  /** URL of an existing MongoDB. If undefined, one is started with its data in `dataDir`. */
  readonly mongoUrl: string | undefined;
  /** Environment of every app. */
  readonly env: Readonly<Record<string, string>>;
  readonly observe: (event: SupervisionEvent) => void;
  /** Receives the events of the front's server. */
  readonly observeFront: ObserveHttp;
  /**
   * Called with each line that an app prints, and with warnings. `process` is the name of the process that prints it.
   */
  readonly onLine: (process: string, line: string) => void;
}

/** A running process, as the printed list shows it. */
export interface RunningProcess {
  readonly name: string;
  /** Undefined for an existing server that was not started here. */
  readonly pid: number | undefined;
  readonly where: string;
}

interface ProcessPlan {
  readonly name: string;
  readonly app: AppName;
  /** The preferred port. If that port isn't free, another one is used. 0 for an app without PORT. */
  readonly port: number;
  /** The preferred admin port. If that port isn't free, another one is used. */
  readonly adminPort: number;
}

const PLANS: readonly ProcessPlan[] = [
  { name: "gateway-1", app: "gateway", port: 8081, adminPort: 9081 },
  { name: "gateway-2", app: "gateway", port: 8082, adminPort: 9082 },
  { name: "history-api", app: "history-api", port: 8083, adminPort: 9083 },
  { name: "persister-1", app: "persister", port: 0, adminPort: 9084 },
  { name: "persister-2", app: "persister", port: 0, adminPort: 9085 },
];

/**
 * Starts the system, split into processes, and restarts processes that die. Resolves with the list of processes once
 * all are ready. Registers with `defer` that they stop in this order: all apps at once, the servers, the front.
 */
export async function startSplit(
  options: SplitOptions,
  defer: ServiceContext["defer"],
): Promise<{ url: string; processes: RunningProcess[] }> {
  const { port, host, dataDir } = options;
  const warning = ensurePrivateDir(dataDir);
  if (warning !== undefined) options.onLine("start:split", warning);
  await lockData(dataDir, defer);
  const plans = await Promise.all(PLANS.map(withFreePorts));
  const frontSecret = createFrontSecret();
  const front = createFront(
    { gateway: upstreams(plans, "gateway"), "history-api": upstreams(plans, "history-api") },
    { secret: frontSecret, observe: options.observeFront },
  );
  const { url } = await listen(front, { port, host });
  defer("front", () => closeServer(front));
  const [redis, mongo] = await Promise.all([
    provideServer("redis", options.redisUrl, startRedis, options, defer),
    provideServer("mongo", options.mongoUrl, startMongo, options, defer),
  ]);
  const env = {
    ...options.env,
    ...{ HOST: "127.0.0.1", ADMIN_HOST: "127.0.0.1", FRONT_SECRET: frontSecret },
    // The *_FILE variables have already been read. If the apps inherited them, they would conflict with the URLs.
    ...{ REDIS_URL: redis.url, REDIS_URL_FILE: "", MONGO_URL: mongo.url, MONGO_URL_FILE: "" },
  };
  const stops: (() => Promise<void>)[] = [];
  defer("apps", async () => void (await Promise.all(stops.map((stop) => stop()))));
  const apps = await allOrNone(plans, (plan, signal) => runApp(plan, { ...options, env }, stops, signal));
  const running = writeRunningSplit(dataDir, {
    ...{ pid: process.pid, url, adminUrls: plans.map(({ adminPort }) => `http://127.0.0.1:${adminPort}`) },
    ...(options.redisUrl === undefined && { REDIS_URL: redis.url }),
    ...(options.mongoUrl === undefined && { MONGO_URL: mongo.url }),
    ...(options.env.REDIS_NAMESPACE && { REDIS_NAMESPACE: options.env.REDIS_NAMESPACE }),
  });
  defer("running", running);
  const frontProcess = { name: "front", pid: process.pid, where: url };
  return { url, processes: [frontProcess, ...apps, redis.process, mongo.process] };
}

/** Locks the data folder. Without the lock, two instances would each start a Redis on the same files. */
async function lockData(dataDir: string, defer: ServiceContext["defer"]): Promise<void> {
  const path = join(dataDir, "split.lock");
  const lock = await takeLock(path);
  if ("heldBy" in lock) {
    throw new ConfigError(
      `DATA_DIR is in use by process ${lock.heldBy} (if that process isn't start:split, delete ${path})`,
    );
  }
  defer("lock", lock.release);
}

async function withFreePorts(plan: ProcessPlan): Promise<ProcessPlan> {
  const [port, adminPort] = await Promise.all([plan.port, plan.adminPort].map(preferOrReplace));
  return { ...plan, port: port ?? plan.port, adminPort: adminPort ?? plan.adminPort };
}

async function preferOrReplace(port: number): Promise<number> {
  return port === 0 || (await isFree(port)) ? port : freePort();
}

function upstreams(plans: readonly ProcessPlan[], app: AppName): Upstream[] {
  return plans
    .filter((plan) => plan.app === app)
    .map(({ port, adminPort }) => ({
      url: `http://127.0.0.1:${port}`,
      isReady: readiness(`http://127.0.0.1:${adminPort}`),
    }));
}

/** Resolves with the server at `existingUrl`, if it is set. Otherwise starts and supervises a new server. */
async function provideServer(
  name: string,
  existingUrl: string | undefined,
  start: (options: ServerOptions) => Promise<LocalServer>,
  { dataDir, observe }: SplitOptions,
  defer: ServiceContext["defer"],
): Promise<{ url: string; process: RunningProcess }> {
  if (existingUrl !== undefined) {
    return { url: existingUrl, process: { name, pid: undefined, where: redactUrl(existingUrl) } };
  }
  const server = await start({ dir: join(dataDir, name) });
  const supervised = supervise(name, server, observe);
  defer(name, () => supervised.stop());
  const where = `${server.url}  data in ${server.dir}`;
  return { url: server.url, process: { name, pid: server.pid, where } };
}

/** Starts all processes. If one fails, aborts the other starts and rejects with the first error. */
async function allOrNone<T>(
  plans: readonly ProcessPlan[],
  start: (plan: ProcessPlan, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const failure = new AbortController();
  const starts = plans.map((plan) => start(plan, failure.signal));
  try {
    return await Promise.all(starts);
  } catch (error) {
    failure.abort();
    await Promise.allSettled(starts);
    throw error;
  }
}

async function runApp(
  { name, app, port, adminPort }: ProcessPlan,
  { env, observe, onLine }: SplitOptions,
  stops: (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<RunningProcess> {
  const running = await startApp(app, {
    built: true,
    env: { ...env, PORT: String(port), ADMIN_PORT: String(adminPort) },
    onLine: (line) => onLine(name, line),
    signal,
  });
  const supervised = supervise(name, running, observe);
  stops.push(() => supervised.stop());
  const where = port === 0 ? `admin ${running.adminUrl}` : `${running.url}  admin ${running.adminUrl}`;
  return { name, pid: running.pid, where };
}
