import type { LocalServer } from "@parley/local";
import type { BusUser } from "../../load/tasks/bus.ts";
import { startCluster } from "../../targets/cluster.ts";

/** Starts a Redis with an empty log (L1). What created the log has ended. */
export async function withLog<T>(work: (redis: LocalServer) => Promise<T>): Promise<T> {
  const cluster = await startCluster();
  try {
    await (await cluster.start("persister")).stop();
    await cluster.mongo.stop();
    return await work(cluster.redis);
  } finally {
    await cluster.stop();
  }
}

/**
 * Divides users among gateways. Each writes to the next one, who is at the next gateway, so that two gateways hear
 * each message: the sender's and the recipient's.
 */
export function usersOfGateways(users: number, gateways: number): BusUser[][] {
  const all = Array.from({ length: users }, (_, index) => ({
    name: `user-${index}`,
    partner: `user-${(index + 1) % users}`,
  }));
  return Array.from({ length: gateways }, (_, gateway) =>
    all.filter((_, index) => index % gateways === gateway),
  );
}
