import type { App } from "@parley/local";
import { type House, startHouse, targetOf } from "./cluster.ts";
import { collectGarbage } from "./garbage.ts";
import type { RunningSubject, Subject } from "./target.ts";
import { tokensFor } from "./tokens.ts";

export const parleySplit: Subject = { name: "Parley split", start: () => startSplit(1) };
export const parleyTwoWorkers: Subject = { name: "Parley split, two workers", start: () => startSplit(2) };

/**
 * Gateways and their Redis, and nothing else: a persister makes the log (L1), then it and MongoDB are stopped, so
 * that they do not take the cores from what is measured. The bounds of the backlog are out of reach.
 */
async function startSplit(workers: number): Promise<RunningSubject> {
  const house = await startHouse();
  try {
    const persister = await house.start("persister");
    const gateways = await startGateways(house, workers);
    await persister.stop();
    await house.mongo.stop();
    const [first] = gateways as [App];
    return {
      target: targetOf(first),
      pids: { server: gateways.map(({ pid }) => pid), redis: [house.redis.pid] },
      redisPort: house.redis.port,
      tokens: tokensFor,
      collectGarbage: async () => void (await Promise.all(gateways.map(collectGarbage))),
      stop: () => house.stop(),
    };
  } catch (error) {
    await house.stop();
    throw error;
  }
}

/** Several share the first one's port. */
async function startGateways(house: House, workers: number): Promise<App[]> {
  const env: Record<string, string> = workers > 1 ? { REUSE_PORT: "true" } : {};
  const gateways = [await house.start("gateway", { env })];
  const PORT = new URL(gateways[0]?.url ?? "").port;
  while (gateways.length < workers) {
    gateways.push(await house.start("gateway", { env: { ...env, PORT } }));
  }
  return gateways;
}
