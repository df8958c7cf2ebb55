import type { Redis } from "ioredis";
import type { Gateway } from "../../cluster/cluster.ts";
import { sumMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** Time within which a gateway must notice a silent subscription (L15). */
const BOUND_MS = 2_000;

/**
 * Cuts the live subscriptions, which every gateway notices at once. Then makes them silent, which gateways notice
 * only by missing markers (L15).
 */
export const subscriptionLost: Fault = {
  id: "F9",
  title: "the live subscription is cut, and goes silent",
  hasChanges: true,
  affects: ["links", "gateway"],
  async inject(context) {
    const { cluster, workload, short, log } = context;
    const countRepaired = () => sumMetric(cluster.gateways, "parley_bus_repaired_messages_total");
    const before = await countRepaired();
    const startedMs = performance.now();
    let struck = 0;
    const untilRepaired = () =>
      eventually(() => repairTimes(context, startedMs).length >= struck, "the streams to be repaired");
    for (let cut = 0; cut < (short ? 2 : 5); cut++) {
      struck += await cluster.withRedis(cutSubscriptions);
      await workload.untilRecovered(performance.now());
      await untilRepaired();
    }
    log(`${struck} subscriptions were cut; now they go silent`);
    const noticed: number[] = [];
    for (const gateway of cluster.gateways) {
      noticed.push(await silence(gateway));
      struck += 1;
      await untilRepaired();
    }
    const repaired = (await countRepaired()) - before;
    const slowestMs = Math.max(...noticed);
    const longestRepairMs = Math.max(...repairTimes(context, startedMs));
    return {
      struck,
      unit: "subscriptions lost",
      recoveryMs: longestRepairMs,
      details: `silence noticed within ${formatSeconds(slowestMs)}; ${repaired} messages filled in from the log, each hole within ${Math.ceil(longestRepairMs)} ms`,
      late: slowestMs > BOUND_MS ? [`silence was noticed after ${formatSeconds(slowestMs)}`] : [],
    };
  },
};

/** Cuts all subscriptions. Returns the number of those for messages, which are repaired: those for read marks are not. */
async function cutSubscriptions(redis: Redis): Promise<number> {
  const subscribers = String(await redis.call("CLIENT", "LIST", "TYPE", "pubsub"));
  await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  return subscribers.split("\n").filter((client) => client.includes(" name=parley-live ")).length;
}

/**
 * Swallows everything that Redis sends to the subscriber. Resolves with the ms until the gateway drops the
 * connection.
 */
async function silence({ redisProxy, logLines }: Gateway): Promise<number> {
  const subscribers = () => redisProxy.links(({ opening }) => /\bsubscribe\b/i.test(opening));
  // On a busy machine the gateway may just be replacing its connections.
  await eventually(() => subscribers().length > 0, "a subscriber");
  const links = subscribers();
  const startedMs = performance.now();
  redisProxy.set("down", "swallow", (link) => links.includes(link));
  const isLost = ({ type, role, up, atMs }: (typeof logLines)[number]) =>
    type === "connection" && role === "live" && up === false && atMs > startedMs;
  await eventually(() => logLines.some(isLost), "the silence to be noticed");
  redisProxy.set("both", "pass");
  return (logLines.find(isLost)?.atMs ?? startedMs) - startedMs;
}

/** Returns the duration in ms of each repair after `sinceMs`. */
function repairTimes({ cluster }: FaultContext, sinceMs: number): number[] {
  return cluster.gateways.flatMap(({ logLines }) =>
    logLines.filter(({ type, atMs }) => type === "repair" && atMs > sinceMs).map(({ ms = 0 }) => ms),
  );
}
