import { type App, type AppName, type LocalServer, startApp, startMongo, startRedis } from "@parley/local";
import type { Endpoint } from "../load/socket/connection.ts";
import { INSPECTABLE } from "./garbage.ts";
import { SECRET } from "./tokens.ts";

/**
 * Environment of all apps. It lifts the limits per user and per address, because all clients of a benchmark have the
 * same address.
 */
export const PARLEY_ENV = {
  READ_RATE_BYTES: "0",
  RATE_LIMIT: "0",
  MAX_CONNECTIONS_PER_USER: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  MAX_SOCKETS_PER_ADDRESS: "0",
  DEDUPE_MAX_REFS: "100000000",
  BACKLOG_MAX_ENTRIES: "100000000",
  BACKLOG_MAX_BYTES: "17179869184",
  DRAIN_MS: "0",
  LOG_LEVEL: "warn",
  JWT_SECRET: SECRET,
  ...INSPECTABLE,
};

/** A Redis, a MongoDB and built Parley apps, each a process that belongs to this benchmark. */
export interface Cluster {
  readonly redis: LocalServer;
  readonly mongo: LocalServer;
  readonly mongoKind: "mongod" | "secantus";
  /** Starts an app and waits until it is ready, or for the condition `until`. */
  start(name: AppName, options?: StartOptions): Promise<App>;
  stop(): Promise<void>;
}

interface StartOptions {
  /** See `AppOptions`. */
  readonly until?: "ready" | "live";
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the Redis and the MongoDB. Apps are started later, one by one, with `start`. */
export async function startCluster(): Promise<Cluster> {
  const [redis, mongo] = await allOrNone(startRedis(), startMongo());
  const common = { ...PARLEY_ENV, REDIS_URL: redis.url, MONGO_URL: mongo.url };
  const apps: App[] = [];
  return {
    redis,
    mongo,
    mongoKind: /secantus/i.test(mongo.output()) ? "secantus" : "mongod",
    async start(name, { until = "ready", env = {} } = {}) {
      const app = await startApp(name, { built: true, env: { ...common, ...env }, until });
      apps.push(app);
      return app;
    },
    async stop() {
      await Promise.all(apps.map((app) => app.kill("SIGKILL")));
      await Promise.all([redis.stop(), mongo.stop()]);
    },
  };
}

/** Resolves with both servers. If one can't be started, the other one is stopped. */
async function allOrNone(...starting: [Promise<LocalServer>, Promise<LocalServer>]) {
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const one of await Promise.allSettled(starting)) if ("value" in one) await one.value.stop();
    throw error;
  }
}

/** Runs `work` with a new cluster. Always stops the cluster afterwards, also after a failure. */
export async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await startCluster();
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Returns the address of a gateway for the load generator. */
export function endpointOf({ url }: App): Endpoint {
  return { url: `${url.replace("http", "ws")}/ws`, dialect: "parley" };
}
