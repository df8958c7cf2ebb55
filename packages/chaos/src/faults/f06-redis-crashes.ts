import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Context, Fault } from "./fault.ts";

const UNDER_WAY = 5;

/** It crashes with sends under way: the gateways' calls have been done, or not, and nobody has heard of it. */
export const redisCrashes: Fault = {
  id: "F6",
  title: "Redis crashes and comes back with its append-only file",
  touches: ["redis", "history", "persister", "links"],
  async run(context) {
    const { house, crowd, short, say } = context;
    const recoveries: number[] = [];
    let struck = 0;
    for (let crash = 0; crash < (short ? 1 : 3); crash++) {
      const pending = await crashUnderLoad(context);
      say(`crash ${crash + 1}, ${pending} sends under way`);
      struck += pending;
      await delay(short ? 500 : 2_000);
      await house.redis.restart();
      recoveries.push(await crowd.recovered(performance.now()));
    }
    return {
      struck,
      of: "sends under way at a crash",
      recoveryMs: Math.max(...recoveries),
      shown: `after each restart: ${recoveries.map(seconds).join(", ")}`,
    };
  },
};

/** Resolves with how many sends had no answer when it crashed. */
async function crashUnderLoad({ house, crowd }: Context): Promise<number> {
  for (const { toRedis } of house.gateways) toRedis.set("down", "stall");
  const pending = await eventually("sends under way", () => {
    const waiting = crowd.ledger.sends.filter(({ outcome }) => outcome.kind === "pending").length;
    return waiting >= UNDER_WAY ? waiting : undefined;
  });
  await house.redis.kill("SIGKILL");
  for (const { toRedis } of house.gateways) toRedis.cut("rst");
  for (const { toRedis } of house.gateways) toRedis.set("both", "pass");
  return pending;
}
