import {
  type LocalServer,
  prepareServers,
  type SentinelGroup,
  type ServerOptions,
  ServerUnavailable,
  startMongo,
  startRedis,
  startSentinelGroup,
} from "@parley/local";

/**
 * Starts a Redis for one suite. If this machine has no Redis, prints that the suite is skipped and resolves with
 * undefined, or rejects if `CI` is set. Await it at the top of a test file:
 * ```ts
 * const redis = await redisServer();
 * describe.skipIf(redis === undefined)("…", () => { afterAll(() => redis?.stop()); … });
 * ```
 */
export function redisServer(options?: ServerOptions): Promise<LocalServer | undefined> {
  return orSkip("Redis", () => startRedis(options));
}

/** Starts a MongoDB for one suite. Skips or rejects like `redisServer`. */
export function mongoServer(options?: ServerOptions): Promise<LocalServer | undefined> {
  return orSkip("MongoDB", () => startMongo(options));
}

/** The MongoDB of this worker, and the number of its databases. It ends with the worker. */
let shared: Promise<LocalServer | undefined> | undefined;
let databases = 0;

/**
 * Resolves with the URL of a new database. The files of a worker share its server, because a start takes a second of CPU,
 * so it must not be stopped or killed. Skips or rejects like `redisServer`.
 */
export async function mongoDatabase(): Promise<string | undefined> {
  shared ??= mongoServer();
  const server = await shared;
  databases += 1;
  return server && `${server.url}/db${databases}`;
}

/** Resolves with true if this machine has both servers. Skips or rejects like `redisServer`. */
export async function hasServers(): Promise<boolean> {
  return (await orSkip("Redis and MongoDB", () => prepareServers().then(() => true))) ?? false;
}

/** Starts a Redis master with replicas and Sentinels for one suite. Skips or rejects like `redisServer`. */
export function sentinelledRedis(): Promise<SentinelGroup | undefined> {
  return orSkip("Redis", () => startSentinelGroup());
}

async function orSkip<T>(name: string, start: () => Promise<T>): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs ${name}: ${error.message}\n\n`);
    return undefined;
  }
}
