import type { RunningSubject, Subject } from "../subject.ts";
import { type House, startHouse, targetOf, tokensFor } from "./house.ts";

/**
 * One gateway and its Redis, and nothing else: a persister makes the log (L1), then it and MongoDB are stopped, so
 * that they do not take the cores from what is measured. The bounds of the backlog are out of reach.
 */
export const parley: Subject = {
  name: "Parley",
  async start() {
    const house = await startHouse();
    try {
      return await startGateway(house);
    } catch (error) {
      await house.stop();
      throw error;
    }
  },
};

async function startGateway(house: House): Promise<RunningSubject> {
  const persister = await house.start("persister");
  const gateway = await house.start("gateway");
  await persister.stop();
  await house.mongo.stop();
  return {
    target: targetOf(gateway),
    pids: { server: gateway.pid, log: house.redis.pid },
    tokens: tokensFor,
    stop: () => house.stop(),
  };
}
