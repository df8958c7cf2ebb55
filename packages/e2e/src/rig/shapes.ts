import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { issueToken } from "@parley/auth";
import { type App, type LocalServer, startApp } from "@parley/local";
import { mongoDatabase, mongoServer, redisServer } from "@parley/testkit";
import { describe, expect, it } from "vitest";

const SECRET = "a-secret-for-tests-only-long-enough-for-HS256";

/** A running Parley as clients see it, in either shape: split or standalone. */
export interface Deployment {
  /** WebSocket addresses of two gateways; standalone has the same address twice. */
  readonly gateways: readonly [string, string];
  readonly historyUrl: string;
  /** The process at the first of these addresses. */
  readonly gatewayApp: App;
  /** The process that answers requests for history. */
  readonly historyApp: App;
  token(user: string, options?: { scopes?: string[]; expiresInSeconds?: number }): Promise<string>;
  /** Sends a GET request to history as a user. */
  history(user: string, path: string): Promise<Response>;
  /**
   * Reads JSON from history as a user. Resolves with undefined if there is no answer: a 503, or an answer whose later part
   * could not be read, so that it was cut off (P50, P55). Rejects for every other status, and for a whole answer that isn't JSON.
   */
  tryRead<Body>(user: string, path: string): Promise<Body | undefined>;
  /** Reads JSON from history as a user, again and again until there is an answer. */
  read<Body>(user: string, path: string): Promise<Body>;
  stop(): Promise<void>;
}

/** A deployment of separate services with its own Redis, and its own database in MongoDB. */
export interface Split extends Deployment {
  readonly redis: LocalServer;
  /** The URL of the database. */
  readonly mongoUrl: string;
  /** Returns the MongoDB of a deployment with `hasOwnMongo`, which may be killed. */
  ownMongo(): LocalServer;
  readonly gatewayApps: readonly [App, App];
  readonly persisters: readonly App[];
  readonly historyApi: App;
  readonly env: Readonly<Record<string, string>>;
}

/** A deployment in one process. */
export interface Standalone extends Deployment {
  readonly app: App;
  readonly dataDir: string;
}

/** Starts Parley in one process. `stop` removes the data folder. */
export async function startStandalone(
  options: { readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Standalone> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "parley-e2e-")));
  const env = { DATA_DIR: dataDir, JWT_SECRET: SECRET, ...options.env };
  const app = await startApp("standalone", { built: true, env });
  const gateway = webSocketUrl(app);
  return {
    app,
    gatewayApp: app,
    historyApp: app,
    dataDir,
    ...clientAccess([gateway, gateway], () => app.url),
    async stop() {
      await app.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface SplitOptions {
  /** True for a MongoDB that no other suite uses. */
  readonly hasOwnMongo?: boolean;
  readonly persisters?: number;
  /** Variables added to the environment of every app. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables added to the environment of the persisters. */
  readonly persisterEnv?: Readonly<Record<string, string>>;
}

/**
 * Defines a suite with its own split deployment. The suite is skipped when Redis or MongoDB can't be started. Await
 * it at the top level of a test file.
 */
export async function describeSplit(
  name: string,
  options: SplitOptions,
  tests: (deployment: Split) => void,
): Promise<void> {
  const deployment = await startSplit(options);
  if (deployment) describe(name, () => tests(deployment));
  else describe.skip(name, () => it("needs a Redis and a MongoDB", () => undefined));
}

/**
 * Starts Redis, two gateways, a history-api and the persisters, with a new database. Resolves with undefined when Redis or
 * MongoDB can't be started.
 */
export async function startSplit(options: SplitOptions): Promise<Split | undefined> {
  const mongo = options.hasOwnMongo ? await mongoServer() : undefined;
  const [redis, mongoUrl] = await Promise.all([redisServer(), mongo?.url ?? mongoDatabase()]);
  if (!redis || !mongoUrl) return undefined;
  const env = { REDIS_URL: redis.url, MONGO_URL: mongoUrl, JWT_SECRET: SECRET, ...options.env };
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
    mongoUrl,
    ownMongo() {
      if (!mongo) throw new Error("other suites use this MongoDB: start the deployment with hasOwnMongo");
      return mongo;
    },
    gatewayApps: [one, two],
    gatewayApp: one,
    persisters,
    historyApi,
    historyApp: historyApi,
    env,
    ...clientAccess([webSocketUrl(one), webSocketUrl(two)], () => historyApi.url),
    async stop() {
      await Promise.all(apps.map((app) => app.kill("SIGKILL")));
      await Promise.all([redis.stop(), mongo?.stop()]);
    },
  };
}

/** Returns what clients need of a deployment: addresses, tokens and requests to history. */
export function clientAccess(
  gateways: readonly [string, string],
  historyUrl: () => string,
): Omit<Deployment, "gatewayApp" | "historyApp" | "stop"> {
  const token: Deployment["token"] = async (user, options) =>
    (await issueToken({ user, secret: SECRET, ...options })).token;
  const history: Deployment["history"] = async (user, path) =>
    fetch(historyUrl() + path, { headers: { authorization: `Bearer ${await token(user)}` } });
  const tryRead = async <Body>(user: string, path: string): Promise<Body | undefined> => {
    const response = await history(user, path);
    const text = await response.text().catch(() => undefined);
    if (response.status === 503 || text === undefined) return undefined;
    expect(response.status, text).toBe(200);
    return parsed(text) as Body;
  };
  return {
    gateways,
    get historyUrl() {
      return historyUrl();
    },
    token,
    history,
    tryRead,
    read: <Body>(user: string, path: string) =>
      until(() => tryRead<Body>(user, path), `an answer to ${path}`) as Promise<Body>,
  };
}

/** Fails the test if a whole answer isn't JSON. It is never taken for one that was cut off. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return expect.fail(`not JSON: ${text.slice(0, 200)} … ${text.slice(-200)}`);
  }
}

function webSocketUrl(app: App): string {
  return `${app.url.replace("http", "ws")}/ws`;
}
