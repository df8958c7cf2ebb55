import { setTimeout as delay } from "node:timers/promises";
import { metrics } from "../cluster/metrics.ts";
import { seconds } from "../report/words.ts";
import type { Context, Fault } from "./fault.ts";

/** What Redis had answered may still be on its way to a client when it stops. */
const ON_ITS_WAY_MS = 300;

export const redisStalls: Fault = {
  id: "F5",
  title: "Redis stalls for 1, 5 and 30 s",
  touches: ["redis", "history", "persister"],
  async run(context) {
    const { house, crowd, short } = context;
    const before = await refusals(context);
    const recoveries: number[] = [];
    const problems: string[] = [];
    for (const stallMs of short ? [1_000, 3_000] : [1_000, 5_000, 30_000]) {
      context.say(`Redis stalls for ${stallMs / 1000} s`);
      const stopped = performance.now();
      await house.redis.kill("SIGSTOP");
      await delay(stallMs);
      const acks = crowd.ledger.acked.filter(({ outcome }) => {
        return outcome.kind === "acked" && outcome.atMs > stopped + ON_ITS_WAY_MS;
      });
      if (acks.length > 0) problems.push(`${acks.length} acks while Redis stood still`);
      await house.redis.kill("SIGCONT");
      recoveries.push(await crowd.recovered(performance.now()));
    }
    const failed = crowd.ledger.sends.filter(({ outcome }) => outcome.kind === "failed").length;
    if (failed > 0) problems.push(`${failed} sends were refused for good`);
    return {
      struck: (await refusals(context)) - before,
      of: "sends told to try again",
      recoveryMs: Math.max(...recoveries),
      shown: `after each stall: ${recoveries.map(seconds).join(", ")}; every error was temporary`,
      problems,
    };
  },
};

function refusals({ house }: Context): Promise<number> {
  return metrics(house.gateways, "parley_gateway_messages_failed_total", { code: "unavailable" });
}
