import type { Gateway } from "../cluster/cluster.ts";
import { metrics } from "../cluster/metrics.ts";
import { eventually } from "../eventually.ts";
import { seconds } from "../report/words.ts";
import type { Context, Fault } from "./fault.ts";

/** L15 promises less. */
const NOTICED_WITHIN_MS = 2_000;

/** First cut, which every gateway notices at once; then silent, which only missing markers tell (L15). */
export const subscriptionLost: Fault = {
  id: "F9",
  title: "the live subscription is cut, and goes silent",
  touches: ["links", "gateway"],
  async run(context) {
    const { house, crowd, short, say } = context;
    const repaired = () => metrics(house.gateways, "parley_bus_repaired_messages_total");
    const before = await repaired();
    const began = performance.now();
    let struck = 0;
    for (let cut = 0; cut < (short ? 2 : 5); cut++) {
      struck += await house.ask(async (redis) =>
        Number(await redis.call("CLIENT", "KILL", "TYPE", "pubsub")),
      );
      await crowd.recovered(performance.now());
      await eventually("whole streams", () => repairsSince(context, began).length >= struck || undefined);
    }
    say(`${struck} subscriptions cut; now they go silent`);
    const noticed: number[] = [];
    for (const gateway of house.gateways) {
      noticed.push(await silence(gateway));
      struck += 1;
      await eventually("whole streams", () => repairsSince(context, began).length >= struck || undefined);
    }
    const found = (await repaired()) - before;
    const repairs = repairsSince(context, began);
    const slowest = Math.max(...noticed);
    return {
      struck,
      of: "subscriptions lost",
      recoveryMs: Math.max(...repairs),
      shown: `silence noticed within ${seconds(slowest)}; ${found} messages filled in from the log, each hole within ${Math.ceil(Math.max(...repairs))} ms`,
      late: slowest > NOTICED_WITHIN_MS ? [`silence was noticed after ${seconds(slowest)}`] : [],
    };
  },
};

/** Redis' side of the subscriber's link is swallowed. Resolves with the ms until the gateway gave the link up. */
async function silence({ toRedis, log }: Gateway): Promise<number> {
  const links = toRedis.links(({ opening }) => /\bsubscribe\b/i.test(opening));
  const began = performance.now();
  toRedis.set("down", "swallow", (link) => links.includes(link));
  const isLost = ({ type, role, up, atMs }: (typeof log)[number]) =>
    type === "connection" && role === "live" && up === false && atMs > began;
  await eventually("the silence to be noticed", () => log.some(isLost) || undefined);
  toRedis.set("both", "pass");
  return (log.find(isLost)?.atMs ?? began) - began;
}

/** How long each repair took, in ms. */
function repairsSince({ house }: Context, began: number): number[] {
  return house.gateways.flatMap(({ log }) =>
    log.filter(({ type, atMs }) => type === "repair" && atMs > began).map(({ ms = 0 }) => ms),
  );
}
