import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sumMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** The unit of `ulimit -f`. */
const BLOCK_BYTES = 512;
/** Bytes that Redis can still write before its disk is full. */
const FREE_BYTES = 64 * 1024;

/**
 * Fills the memory of Redis, which has the policy noeviction. Then fills its disk: a limit on the size of its files
 * makes writes fail as on a full disk.
 */
export const redisFull: Fault = {
  id: "F16",
  title: "the memory of Redis is full, and its disk",
  async inject(context) {
    const { cluster, workload, log, short } = context;
    const countFailures = () => sumMetric(cluster.gateways, "parley_gateway_messages_failed_total");
    const before = await countFailures();
    await cluster.withRedis((redis) => redis.config("SET", "maxmemory", "1mb"));
    await eventually(async () => (await countFailures()) - before >= 10, "refusals");
    await delay(short ? 500 : 3_000);
    await cluster.withRedis((redis) => redis.config("SET", "maxmemory", "0"));
    const memoryRecoveryMs = await workload.untilRecovered(performance.now());
    const refused = (await countFailures()) - before;
    log(`${refused} sends were refused while the memory of Redis was full`);
    const rounds = short ? 1 : 3;
    let diskRecoveryMs = 0;
    for (let round = 0; round < rounds; round++)
      diskRecoveryMs = Math.max(diskRecoveryMs, await fillDisk(context));
    return {
      struck: refused + rounds,
      unit: "refused for memory, or times its disk filled",
      recoveryMs: Math.max(memoryRecoveryMs, diskRecoveryMs),
      details: `${refused} refused while memory was full; its disk filled ${rounds} times, and it ended rather than acknowledge`,
    };
  },
};

/**
 * Fills the disk until Redis ends, then restarts Redis without the limit. Resolves with the ms from that restart to
 * the recovery.
 */
async function fillDisk({ cluster, workload, log }: FaultContext): Promise<number> {
  await cluster.redis.kill("SIGKILL");
  const blocks = Math.ceil(
    (await largestFileBytes(cluster.redis.dir)) / BLOCK_BYTES + FREE_BYTES / BLOCK_BYTES,
  );
  await cluster.redis.restart({ wrap: ["sh", "-c", `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh"] });
  await eventually(() => hasExited(cluster.redis), "Redis to end because its disk is full");
  log("the disk of Redis was full");
  await cluster.redis.restart({ wrap: [] });
  return workload.untilRecovered(performance.now());
}

async function hasExited({ exited }: FaultContext["cluster"]["redis"]): Promise<boolean> {
  return Promise.race([exited.then(() => true), delay(50, false)]);
}

/** Returns the size in bytes of the largest file in the folder of Redis. */
async function largestFileBytes(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return Math.max(0, ...sizes);
}
