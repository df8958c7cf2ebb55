import {
  type OwnServer,
  prepareServers,
  type ServerOptions,
  ServerUnavailable,
  startMongo,
  startRedis,
} from "@parley/local";

/**
 * A Redis of the suite's own, or undefined where this machine has none: the suite is then skipped with one loud line,
 * and fails where `CI` is set. To be awaited at the top of a test file:
 * ```ts
 * const redis = await redisServer();
 * describe.skipIf(redis === undefined)("…", () => { afterAll(() => redis?.stop()); … });
 * ```
 */
export function redisServer(options?: ServerOptions): Promise<OwnServer | undefined> {
  return orSkip("Redis", () => startRedis(options));
}

/** A MongoDB of the suite's own, or undefined, as `redisServer`. */
export function mongoServer(options?: ServerOptions): Promise<OwnServer | undefined> {
  return orSkip("MongoDB", () => startMongo(options));
}

/** Whether there can be both, for a suite that starts its servers itself; skipped or failed as above. */
export async function hasServers(): Promise<boolean> {
  return (await orSkip("Redis and MongoDB", () => prepareServers().then(() => true))) ?? false;
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
