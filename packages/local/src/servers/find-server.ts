import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Installed, installServers } from "./install-servers.ts";

const run = promisify(execFile);

/**
 * Thrown if this machine has no suitable Redis or MongoDB and none could be installed. The message gives the reason.
 */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable";
}

/** Older versions of Redis lack features of XAUTOCLAIM that the log needs. */
const OLDEST_REDIS = 7;
const OLDEST_MONGO = 5;

/**
 * Returns the command that starts a Redis: `redis-server` or `valkey-server` from PATH if its version is new enough,
 * else the Valkey that is installed below `.cache/`.
 */
export async function findRedis(): Promise<readonly string[]> {
  for (const command of ["redis-server", "valkey-server"]) {
    if ((await majorVersion(command, /v=(\d+)/)) >= OLDEST_REDIS) return [command];
  }
  return (await installed("redis-server or valkey-server")).redis;
}

/** Returns the command that starts a MongoDB, and its kind, because mongod and SecantusDB have different options. */
export async function findMongo(): Promise<{ kind: "mongod" | "secantus"; command: readonly string[] }> {
  if ((await majorVersion("mongod", /db version v(\d+)/)) >= OLDEST_MONGO) {
    return { kind: "mongod", command: ["mongod"] };
  }
  return { kind: "secantus", command: (await installed("mongod")).mongo };
}

/** Finds both servers and installs missing ones, so that no later start waits for an installation. */
export async function prepareServers(): Promise<void> {
  await findRedis();
  await findMongo();
}

/** Returns a command's major version, or 0 if the command isn't on PATH or prints no version. */
async function majorVersion(command: string, pattern: RegExp): Promise<number> {
  try {
    const { stdout } = await run(command, ["--version"], { timeout: 10_000 });
    return Number(pattern.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function installed(wanted: string): Promise<Installed> {
  try {
    return await installServers();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServerUnavailable(
      `PATH has no ${wanted} that is new enough, and none could be installed: ${reason}`,
      { cause: error },
    );
  }
}
