import { type Cluster, LOG } from "../../cluster/cluster.ts";
import { backlogEntries, messageIdOf, storedDocuments } from "../../cluster/log-inspection.ts";
import { sumMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import { ALL_COMPONENTS, type Fault } from "../fault.ts";

/** Minimum number of messages in the log that aren't stored when the log is destroyed. */
const MIN_UNSTORED = 15;
/** Longer than a marker can be late. A client that isn't told to sync within this time is never told. */
const TELL_TIMEOUT_MS = 10_000;

/**
 * Destroys the log while the persisters are frozen. The lost messages are known exactly: the log is read and
 * flushed in one transaction, and everything in it that isn't in MongoDB is lost.
 */
export const logGone: Fault = {
  id: "F7",
  title: "the log is gone: FLUSHALL with a backlog",
  async inject({ cluster, workload, log }) {
    await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGSTOP")));
    const gapsBefore = await sumMetric(cluster.gateways, "parley_gateway_gaps_total");
    await eventually(async () => (await unstoredIds(cluster)).length >= MIN_UNSTORED, "a backlog");
    const ids = await flush(cluster);
    const flushedMs = performance.now();
    const stored = new Set((await storedDocuments(cluster, ids)).map(({ _id }) => _id));
    const destroyed = new Set(ids.filter((id) => !stored.has(id)));
    log(`${destroyed.size} messages were in the log alone`);
    await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGCONT")));
    const recoveryMs = await workload.untilRecovered(flushedMs);
    const clients = workload.ledger.observations.length;
    const countGaps = async () =>
      (await sumMetric(cluster.gateways, "parley_gateway_gaps_total")) - gapsBefore;
    // A gateway that appends nothing at this time notices the new log only by the next marker (L15).
    await eventually(
      async () =>
        (await countGaps()) >= cluster.gateways.length && workload.countCatchUps(flushedMs) >= clients,
      "all clients to be told to sync",
      TELL_TIMEOUT_MS,
    ).catch(() => undefined);
    await workload.untilLive();
    const gaps = await countGaps();
    const catchUps = workload.countCatchUps(flushedMs);
    return {
      struck: destroyed.size,
      unit: "in the log alone",
      recoveryMs,
      details: `${catchUps} of ${clients} clients were told to sync`,
      problems: [
        ...(catchUps < clients ? [`only ${catchUps} of ${clients} clients were told to sync`] : []),
        ...(gaps < cluster.gateways.length ? [`only ${gaps} gateways saw a gap`] : []),
      ],
      destroyed,
    };
  },
};

/** The form of F7 for F18, which must lose nothing. Destroys the log at a moment when everything in it is stored. */
export const storedLogGone: Fault = {
  id: "F7",
  title: "the log is gone: FLUSHALL without a backlog",
  affects: ALL_COMPONENTS,
  async inject({ cluster, workload }) {
    await eventually(() => flushWithoutBacklog(cluster), "a moment without a backlog");
    const recoveryMs = await workload.untilRecovered(performance.now());
    return { struck: 1, unit: "logs gone", recoveryMs, details: "everything in it was stored" };
  },
};

/**
 * Destroys the log and resolves with true. If the log has a backlog or gets an entry meanwhile, does nothing and
 * resolves with false.
 */
function flushWithoutBacklog(cluster: Cluster): Promise<boolean> {
  return cluster.withRedis(async (redis) => {
    await redis.watch(LOG);
    if ((await backlogEntries(cluster)) > 0) return false;
    return (await redis.multi().flushall().exec()) !== null;
  });
}

async function unstoredIds(cluster: Cluster): Promise<string[]> {
  const entries = await cluster.withRedis((redis) => redis.xrange(LOG, "-", "+"));
  const ids = entries.map(([id]) => messageIdOf(id));
  const stored = new Set((await storedDocuments(cluster, ids)).map(({ _id }) => _id));
  return ids.filter((id) => !stored.has(id));
}

/** Destroys everything in Redis, and resolves with the message ids that were in the log at that moment. */
async function flush(cluster: Cluster): Promise<string[]> {
  const replies = await cluster.withRedis((redis) => redis.multi().xrange(LOG, "-", "+").flushall().exec());
  const [, entries] = replies?.[0] ?? [];
  return (entries as [string, string[]][]).map(([id]) => messageIdOf(id));
}
