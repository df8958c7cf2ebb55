import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Installed, installServers } from "./install-servers.ts";

const run = promisify(execFile);

/** No Redis or MongoDB can be had on this machine; the message says what was tried. */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable";
}

/** Older ones lack what the log needs of XAUTOCLAIM. */
const OLDEST_REDIS = 7;
const OLDEST_MONGO = 5;

/** The command of a Redis: the first of `redis-server` and `valkey-server` on PATH that is new enough, else the installed one. */
export async function findRedis(): Promise<readonly string[]> {
  for (const command of ["redis-server", "valkey-server"]) {
    if ((await majorVersion(command, /v=(\d+)/)) >= OLDEST_REDIS) return [command];
  }
  return (await installed("redis-server or valkey-server")).redis;
}

/** The command of a MongoDB, and which of the two it is, since their options differ. */
export async function findMongo(): Promise<{ kind: "mongod" | "secantus"; command: readonly string[] }> {
  if ((await majorVersion("mongod", /db version v(\d+)/)) >= OLDEST_MONGO) {
    return { kind: "mongod", command: ["mongod"] };
  }
  return { kind: "secantus", command: (await installed("mongod")).mongo };
}

/** Finds both, and installs what is missing: so that what starts them later does not wait for that. */
export async function prepareServers(): Promise<void> {
  await findRedis();
  await findMongo();
}

/** 0 where the command is not on PATH or does not say. */
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
      `no ${wanted} that is new enough on PATH, and none could be installed: ${reason}`,
      {
        cause: error,
      },
    );
  }
}
