import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { inHouse } from "../subjects/house.ts";
import { redisVersion } from "./redis-version.ts";

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly redis: string;
  readonly mongo: string;
  /** Processes that wanted a core, over the minute before the first measurement. */
  readonly loadBefore: number;
  readonly date: string;
}

export function describeMachine(): Promise<Machine> {
  const loadBefore = loadavg()[0] ?? 0;
  return inHouse(async ({ redis, mongo, mongoKind }) => ({
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    redis: await redisVersion(redis.port),
    mongo:
      mongoKind === "mongod" ? `mongod ${mongodVersion(mongo.output())}` : "SecantusDB in MongoDB's place",
    loadBefore,
    date: new Date().toISOString(),
  }));
}

/** It prints its build as JSON when it starts. */
function mongodVersion(output: string): string {
  return /"version":"(\d[\w.-]*)"/.exec(output)?.[1] ?? "of unknown version";
}
