import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueToken } from "@parley/auth";
import { type App, type OwnServer, startApp } from "@parley/local";
import { mongoServer, redisServer } from "@parley/testkit";
import { describe, it } from "vitest";

const SECRET = "a-secret-for-tests-only-long-enough-for-HS256";

/** A running Parley, as a client sees it: the same in both shapes. */
export interface House {
  /** WebSocket addresses; two different gateways where there are two. */
  readonly gateways: readonly [string, string];
  readonly historyUrl: string;
  token(user: string, options?: { scopes?: string[]; expiresInSeconds?: number }): Promise<string>;
  /** GET from the history, as a user. */
  history(user: string, path: string): Promise<Response>;
  stop(): Promise<void>;
}

export interface Split extends House {
  readonly redis: OwnServer;
  readonly mongo: OwnServer;
  readonly gatewayApps: readonly [App, App];
  readonly persisters: readonly App[];
  readonly historyApi: App;
  readonly env: Readonly<Record<string, string>>;
}

export interface Standalone extends House {
  readonly app: App;
  readonly dataDir: string;
}

/** Everything in one process, over a data folder of its own. */
export async function startStandalone(
  options: { readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Standalone> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "parley-e2e-")));
  const env = { DATA_DIR: dataDir, JWT_SECRET: SECRET, ...options.env };
  const app = await startApp("standalone", { built: true, env });
  const gateway = webSocketUrl(app);
  return {
    app,
    dataDir,
    ...access([gateway, gateway], () => app.url),
    async stop() {
      await app.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

interface SplitOptions {
  readonly persisters?: number;
  /** Variables of every app, and of the persisters alone. */
  readonly env?: Readonly<Record<string, string>>;
  readonly persisterEnv?: Readonly<Record<string, string>>;
}

/** A suite over a split house of its own; skipped where no servers can be had. To be awaited at the top of a file. */
export async function describeSplit(
  name: string,
  options: SplitOptions,
  tests: (house: Split) => void,
): Promise<void> {
  const house = await startSplitHouse(options);
  if (house) describe(name, () => tests(house));
  else describe.skip(name, () => it("needs a Redis and a MongoDB", () => undefined));
}

/** Real Redis and MongoDB, two gateways, history-api and as many persisters; undefined where no server can be had. */
async function startSplitHouse(options: SplitOptions): Promise<Split | undefined> {
  const [redis, mongo] = await Promise.all([redisServer(), mongoServer()]);
  if (!redis || !mongo) return undefined;
  const env = { REDIS_URL: redis.url, MONGO_URL: mongo.url, JWT_SECRET: SECRET, ...options.env };
  const start = (name: App["name"]) =>
    startApp(name, { built: true, env: { ...env, ...(name === "persister" && options.persisterEnv) } });
  const persisters = await Promise.all(
    Array.from({ length: options.persisters ?? 1 }, () => start("persister")),
  );
  const [one, two, historyApi] = await Promise.all([
    start("gateway"),
    start("gateway"),
    start("history-api"),
  ]);
  const apps = [one, two, historyApi, ...persisters];
  return {
    redis,
    mongo,
    gatewayApps: [one, two],
    persisters,
    historyApi,
    env,
    ...access([webSocketUrl(one), webSocketUrl(two)], () => historyApi.url),
    async stop() {
      await Promise.all(apps.map((app) => app.kill("SIGKILL")));
      await Promise.all([redis.stop(), mongo.stop()]);
    },
  };
}

function access(gateways: readonly [string, string], historyUrl: () => string): Omit<House, "stop"> {
  const token: House["token"] = async (user, options) =>
    (await issueToken({ user, secret: SECRET, ...options })).token;
  return {
    gateways,
    get historyUrl() {
      return historyUrl();
    },
    token,
    async history(user, path) {
      return fetch(historyUrl() + path, { headers: { authorization: `Bearer ${await token(user)}` } });
    },
  };
}

function webSocketUrl(app: App): string {
  return `${app.url.replace("http", "ws")}/ws`;
}
