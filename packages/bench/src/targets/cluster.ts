import { type App, type AppName, type OwnServer, startApp, startMongo, startRedis } from "@parley/local";
import type { Target } from "../load/socket/connection.ts";
import { INSPECTABLE } from "./garbage.ts";
import { SECRET } from "./tokens.ts";

/** Without the limits that protect a server from one client: here all come from one address. */
export const PARLEY_ENV = {
  RATE_LIMIT: "0",
  MAX_CONNECTIONS_PER_USER: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  DEDUPE_MAX_REFS: "100000000",
  BACKLOG_MAX_ENTRIES: "100000000",
  BACKLOG_MAX_BYTES: "17179869184",
  DRAIN_MS: "0",
  LOG_LEVEL: "warn",
  JWT_SECRET: SECRET,
  ...INSPECTABLE,
};

/** Servers of one's own, and apps of Parley as they are built, each a process. */
export interface House {
  readonly redis: OwnServer;
  readonly mongo: OwnServer;
  readonly mongoKind: "mongod" | "secantus";
  start(name: AppName, options?: StartOptions): Promise<App>;
  stop(): Promise<void>;
}

interface StartOptions {
  readonly until?: "ready" | "live";
  readonly env?: Readonly<Record<string, string>>;
}

export async function startHouse(): Promise<House> {
  const [redis, mongo] = await bothOrNone(startRedis(), startMongo());
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

/** Where one cannot be had, the other is stopped. */
async function bothOrNone(...starting: [Promise<OwnServer>, Promise<OwnServer>]) {
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const one of await Promise.allSettled(starting)) if ("value" in one) await one.value.stop();
    throw error;
  }
}

/** Runs `work` with a house, and stops that in any case. */
export async function inHouse<T>(work: (house: House) => Promise<T>): Promise<T> {
  const house = await startHouse();
  try {
    return await work(house);
  } finally {
    await house.stop();
  }
}

export function targetOf({ url }: App): Target {
  return { url: `${url.replace("http", "ws")}/ws`, dialect: "parley" };
}
