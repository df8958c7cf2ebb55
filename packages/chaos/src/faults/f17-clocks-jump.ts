import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, LOG } from "../cluster/cluster.ts";
import type { Fault } from "./fault.ts";

/** Paths of libfaketime on Debian, Fedora and Homebrew. */
const LIBRARY_PATHS = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib64/faketime/libfaketime.so.1",
  "/usr/local/lib/faketime/libfaketime.so.1",
];
const LIBRARY = [process.env.FAKETIME_LIB ?? "", ...LIBRARY_PATHS].find(
  (path) => path !== "" && existsSync(path),
);
/**
 * A file in the folder of Redis with the offset of its clock. libfaketime reads the file whenever Redis asks for the
 * time. Without the file, the time is right.
 */
const OFFSET_FILE = "clock";

const FAKETIME_ENV = {
  LD_PRELOAD: LIBRARY ?? "",
  FAKETIME_NO_CACHE: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
};
const HOUR_S = 3_600;

/** Moves the clock of Redis an hour ahead and back, with restarts. The second gateway's clock is an hour behind. */
export const clocksJump: Fault = {
  id: "F17",
  title: "clocks jump an hour: of Redis, with a restart between; of a gateway",
  clusterOptions: {
    redisEnv: { ...FAKETIME_ENV, FAKETIME_TIMESTAMP_FILE: OFFSET_FILE },
    secondGatewayEnv: { ...FAKETIME_ENV, FAKETIME: `-${HOUR_S}s` },
  },
  async unavailableReason() {
    return LIBRARY === undefined ? "libfaketime is not installed here" : undefined;
  },
  async inject({ cluster, workload, log }) {
    const jumps: string[] = [];
    let recoveryMs = 0;
    /**
     * Moves the clock and waits for the recovery. Resolves with the number of ms by which the log's last id is ahead
     * of the clock.
     */
    const jump = async (offset: string, withCrash: boolean): Promise<number> => {
      log(`the clock of Redis goes to ${offset}${withCrash ? ", and Redis crashes" : ""}`);
      const before = await readTimes(cluster);
      await setClock(join(cluster.redis.dir, OFFSET_FILE), offset);
      if (withCrash) {
        await cluster.redis.kill("SIGKILL");
        await cluster.redis.restart();
      }
      recoveryMs = Math.max(recoveryMs, await workload.untilRecovered(performance.now()));
      jumps.push(offset);
      const after = await readTimes(cluster);
      if (after.lastIdMs < before.lastIdMs) throw new Error("ids went back");
      return after.lastIdMs - after.clockMs;
    };
    const leadAhead = await jump(`+${HOUR_S}s`, false);
    const leadBack = await jump("+0s", true);
    await jump(`-${HOUR_S}s`, true);
    await jump("+0s", false);
    return {
      struck: jumps.length,
      unit: "jumps",
      recoveryMs,
      details: `after the jump back ids stood ${Math.round(leadBack / 1000)} s before the clock and went on from there`,
      problems: [
        ...(Math.abs(leadAhead) < 60_000 ? [] : ["the ids did not follow the clock ahead"]),
        ...(leadBack > (HOUR_S - 60) * 1000 ? [] : ["the ids went back with the clock"]),
      ],
    };
  },
};

/** Replaces the file in one step: libfaketime ends a process that reads a half-written file. */
async function setClock(path: string, offset: string): Promise<void> {
  await writeFile(`${path}.next`, offset);
  await rename(`${path}.next`, path);
}

/** Reads the time in the log's last id, and the time on the clock of Redis, both in ms since 1970. */
async function readTimes(cluster: Cluster): Promise<{ lastIdMs: number; clockMs: number }> {
  return cluster.withRedis(async (redis) => {
    const [last] = await redis.xrevrange(LOG, "+", "-", "COUNT", 1);
    const [seconds = 0] = (await redis.time()).map(Number);
    return { lastIdMs: Number(last?.[0].split("-")[0]), clockMs: seconds * 1000 };
  });
}
