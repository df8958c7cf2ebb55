import { issueToken } from "@parley/auth";
import { type App, type AppName, type OwnServer, startApp, startMongo, startRedis } from "@parley/local";
import type { Target } from "../load/connection.ts";

const SECRET = "a-secret-for-measuring-only-long-enough-for-HS256";
/** No limit that protects a server from one client: here all come from one address. */
const NO_LIMITS = {
  RATE_LIMIT: "0",
  MAX_CONNECTIONS_PER_USER: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  DEDUPE_MAX_REFS: "100000000",
  BACKLOG_MAX_ENTRIES: "100000000",
  BACKLOG_MAX_BYTES: "17179869184",
  DRAIN_MS: "0",
  LOG_LEVEL: "warn",
};

/** Servers of one's own, and apps of Parley as they are built, each a process. */
export interface House {
  readonly redis: OwnServer;
  readonly mongo: OwnServer;
  readonly mongoKind: "mongod" | "secantus";
  start(name: AppName, until?: "ready" | "live"): Promise<App>;
  stop(): Promise<void>;
}

export async function startHouse(): Promise<House> {
  const redis = await startRedis();
  const mongo = await startMongo().catch(async (error) => {
    await redis.stop();
    throw error;
  });
  const env = { ...NO_LIMITS, REDIS_URL: redis.url, MONGO_URL: mongo.url, JWT_SECRET: SECRET };
  const apps: App[] = [];
  return {
    redis,
    mongo,
    mongoKind: /secantus/i.test(mongo.output()) ? "secantus" : "mongod",
    async start(name, until = "ready") {
      const app = await startApp(name, { built: true, env, until });
      apps.push(app);
      return app;
    },
    async stop() {
      await Promise.all(apps.map((app) => app.kill("SIGKILL")));
      await Promise.all([redis.stop(), mongo.stop()]);
    },
  };
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

export function targetOf(gateway: App): Target {
  return { url: `${gateway.url.replace("http", "ws")}/ws`, dialect: "parley" };
}

export function tokensFor(count: number, name: string): Promise<string[]> {
  const users = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  return Promise.all(users.map(async (user) => (await issueToken({ user, secret: SECRET })).token));
}
