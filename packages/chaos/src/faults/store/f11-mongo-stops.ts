import { setTimeout as delay } from "node:timers/promises";
import { backlogEntries } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** A smaller backlog is treated as stored. The workload continues, so the backlog is hardly ever empty. */
const SMALL_BACKLOG = 20;

/**
 * Freezes MongoDB, then kills it. Meanwhile sends continue, the backlog grows, and each history answer is a 503 or
 * complete. Afterwards the backlog must be stored.
 *
 * Also kills a persister while MongoDB is dead: its messages were never inserted, so only the log has them.
 */
export const mongoStops: Fault = {
  id: "F11",
  title: "MongoDB stops for 10 to 60 s, frozen and killed, and a persister dies waiting for it",
  hasChanges: true,
  affects: ["mongo", "persister"],
  async inject(context) {
    const { cluster, historyReader, short } = context;
    const [victim] = cluster.persisters;
    if (!victim) throw new Error("the cluster has no persister");
    const resume = () => cluster.mongo.kill("SIGCONT");
    const restart = async () => {
      await victim.app.kill("SIGKILL");
      await cluster.mongo.restart();
    };
    const frozen = await outage(context, "SIGSTOP", short ? 4_000 : 15_000, resume);
    const killed = await outage(context, "SIGKILL", short ? 2_000 : 30_000, restart);
    await victim.app.restart();
    return {
      struck: frozen.waiting + killed.waiting,
      unit: "messages waited in the log",
      recoveryMs: Math.max(frozen.recoveryMs, killed.recoveryMs),
      details: `backlogs of ${frozen.waiting} and ${killed.waiting} were stored within ${formatSeconds(frozen.recoveryMs)} and ${formatSeconds(killed.recoveryMs)}; ${frozen.acked + killed.acked} acks meanwhile; history answered ${historyReader.answers} times whole, ${historyReader.refusals} times 503`,
      problems: frozen.acked === 0 || killed.acked === 0 ? ["nothing was acknowledged meanwhile"] : [],
    };
  },
};

/**
 * Stops MongoDB with a signal for `durationMs`, calls `end` to end the outage, and waits until the backlog is stored.
 */
async function outage(
  { cluster, workload, log }: FaultContext,
  signal: "SIGSTOP" | "SIGKILL",
  durationMs: number,
  end: () => Promise<void>,
): Promise<{ waiting: number; acked: number; recoveryMs: number }> {
  log(`MongoDB gets ${signal} for ${durationMs / 1000} s`);
  const ackedBefore = workload.ledger.acked.length;
  await cluster.mongo.kill(signal);
  await delay(durationMs);
  const waiting = await backlogEntries(cluster);
  const acked = workload.ledger.acked.length - ackedBefore;
  await end();
  const endedMs = performance.now();
  await eventually(
    async () => (await backlogEntries(cluster)) < SMALL_BACKLOG,
    "the backlog to be stored",
    90_000,
  );
  return { waiting, acked, recoveryMs: performance.now() - endedMs };
}
