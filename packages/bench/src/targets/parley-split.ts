import type { App } from "@parley/local";
import { type Cluster, endpointOf, startCluster } from "./cluster.ts";
import { collectGarbage } from "./garbage.ts";
import type { RunningTarget, Target } from "./target.ts";
import { tokensFor } from "./tokens.ts";

/** A gateway with its Redis. */
export const parleySplit: Target = { name: "Parley split", start: () => startSplit(1) };
/** Two gateways on one port, with their Redis. */
export const parleyTwoWorkers: Target = { name: "Parley split, two workers", start: () => startSplit(2) };

/**
 * Starts gateways and their Redis only. A persister creates the log (L1). Then the persister and MongoDB are stopped,
 * so that they don't compete with the gateways for cores. PARLEY_ENV sets backlog bounds that no run reaches.
 */
async function startSplit(workers: number): Promise<RunningTarget> {
  const cluster = await startCluster();
  try {
    const persister = await cluster.start("persister");
    const gateways = await startGateways(cluster, workers);
    await persister.stop();
    await cluster.mongo.stop();
    const [first] = gateways as [App];
    return {
      endpoint: endpointOf(first),
      pids: { server: gateways.map(({ pid }) => pid), redis: [cluster.redis.pid] },
      redisPort: cluster.redis.port,
      dataDir: cluster.redis.dir,
      tokens: tokensFor,
      collectGarbage: async () => void (await Promise.all(gateways.map(collectGarbage))),
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Starts gateways. If there are several, they listen on one port (REUSE_PORT). */
async function startGateways(cluster: Cluster, workers: number): Promise<App[]> {
  const env: Record<string, string> = workers > 1 ? { REUSE_PORT: "true" } : {};
  const gateways = [await cluster.start("gateway", { env })];
  const PORT = new URL(gateways[0]?.url ?? "").port;
  while (gateways.length < workers) {
    gateways.push(await cluster.start("gateway", { env: { ...env, PORT } }));
  }
  return gateways;
}
