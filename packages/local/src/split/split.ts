import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, closeServer, listen, redactUrl, type ServiceContext } from "@parley/service";
import { freePort, isFree } from "../free-port.ts";
import { takeLock } from "../lock.ts";
import { type AppName, startApp } from "../processes/app.ts";
import { readiness } from "../processes/readiness.ts";
import { type SupervisionEvent, supervise } from "../processes/supervise.ts";
import { startMongo } from "../servers/mongo.ts";
import { startRedis } from "../servers/redis.ts";
import type { OwnServer, ServerOptions } from "../servers/server.ts";
import { createFront, type Upstream } from "./front.ts";

export interface SplitOptions {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** A server that runs already; else one is started with its data in `dataDir`. */
  readonly redisUrl: string | undefined;
  readonly mongoUrl: string | undefined;
  /** Variables of every app. */
  readonly env: Readonly<Record<string, string>>;
  readonly observe: (event: SupervisionEvent) => void;
  /** Called with each line that an app prints. */
  readonly onLine: (process: string, line: string) => void;
}

/** One running process, for the list that is shown. */
export interface RunningProcess {
  readonly name: string;
  /** Undefined for a server that was there before. */
  readonly pid: number | undefined;
  readonly where: string;
}

interface Plan {
  readonly name: string;
  readonly app: AppName;
  /** Ports that are taken where they are free; else others are. */
  readonly port: number;
  readonly adminPort: number;
}

/** A persister has no PORT of its own. */
const PLAN: readonly Plan[] = [
  { name: "gateway-1", app: "gateway", port: 8081, adminPort: 9081 },
  { name: "gateway-2", app: "gateway", port: 8082, adminPort: 9082 },
  { name: "history-api", app: "history-api", port: 8083, adminPort: 9083 },
  { name: "persister-1", app: "persister", port: 0, adminPort: 9084 },
  { name: "persister-2", app: "persister", port: 0, adminPort: 9085 },
];

/**
 * Starts the whole system split into processes and resolves with the list once all are ready. What dies is started
 * again. Deferred are, in the order of stopping: the apps, all at once, then the servers, then the front.
 */
export async function startSplit(
  options: SplitOptions,
  defer: ServiceContext["defer"],
): Promise<{ url: string; processes: RunningProcess[] }> {
  const { port, host, dataDir } = options;
  await lockData(dataDir, defer);
  const plans = await Promise.all(PLAN.map(withFreePorts));
  const front = createFront({
    gateway: upstreams(plans, "gateway"),
    "history-api": upstreams(plans, "history-api"),
  });
  const { url } = await listen(front, { port, host });
  defer("front", () => closeServer(front));
  const [redis, mongo] = await Promise.all([
    server("redis", options.redisUrl, startRedis, options, defer),
    server("mongo", options.mongoUrl, startMongo, options, defer),
  ]);
  const env = { ...options.env, HOST: "127.0.0.1", REDIS_URL: redis.url, MONGO_URL: mongo.url };
  const stops: (() => Promise<void>)[] = [];
  defer("apps", async () => void (await Promise.all(stops.map((stop) => stop()))));
  const apps = await allOrNone(plans, (plan, signal) => runApp(plan, { ...options, env }, stops, signal));
  const own = { name: "front", pid: process.pid, where: url };
  return { url, processes: [own, ...apps, redis.shown, mongo.shown] };
}

/** Two of these on the same data would each start a Redis on the same files. */
async function lockData(dataDir: string, defer: ServiceContext["defer"]): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, "split.lock");
  const lock = await takeLock(path);
  if ("heldBy" in lock) {
    throw new ConfigError(
      `DATA_DIR is in use by process ${lock.heldBy} (if that is another program, delete ${path})`,
    );
  }
  defer("lock", lock.release);
}

async function withFreePorts(plan: Plan): Promise<Plan> {
  const [port, adminPort] = await Promise.all([plan.port, plan.adminPort].map(preferred));
  return { ...plan, port: port ?? plan.port, adminPort: adminPort ?? plan.adminPort };
}

async function preferred(port: number): Promise<number> {
  return port === 0 || (await isFree(port)) ? port : freePort();
}

function upstreams(plans: readonly Plan[], app: AppName): Upstream[] {
  return plans
    .filter((plan) => plan.app === app)
    .map(({ port, adminPort }) => ({
      url: `http://127.0.0.1:${port}`,
      isReady: readiness(`http://127.0.0.1:${adminPort}`),
    }));
}

async function server(
  name: string,
  given: string | undefined,
  start: (options: ServerOptions) => Promise<OwnServer>,
  { dataDir, observe }: SplitOptions,
  defer: ServiceContext["defer"],
): Promise<{ url: string; shown: RunningProcess }> {
  if (given !== undefined) return { url: given, shown: { name, pid: undefined, where: redactUrl(given) } };
  const own = await start({ dir: join(dataDir, name) });
  const supervised = supervise(name, own, observe);
  defer(name, () => supervised.stop());
  return { url: own.url, shown: { name, pid: own.pid, where: `${own.url}  data in ${own.dir}` } };
}

/** When one cannot start, those still starting are given up, and the first reason is the error. */
async function allOrNone<T>(
  plans: readonly Plan[],
  start: (plan: Plan, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const givingUp = new AbortController();
  const starts = plans.map((plan) => start(plan, givingUp.signal));
  try {
    return await Promise.all(starts);
  } catch (error) {
    givingUp.abort();
    await Promise.allSettled(starts);
    throw error;
  }
}

async function runApp(
  { name, app, port, adminPort }: Plan,
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
