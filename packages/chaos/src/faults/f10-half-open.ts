import { metric, withClients } from "../cluster/metrics.ts";
import { eventually } from "../eventually.ts";
import { noticedWords, seconds } from "../report/words.ts";
import { HEARTBEAT } from "../workload/workload.ts";
import type { Fault } from "./fault.ts";

const BOUND_MS = HEARTBEAT.everyMs + HEARTBEAT.timeoutMs;
/** Timers on a busy machine. */
const SLACK_MS = 1_000;

/** Both ends believe in a connection over which nothing comes any more, in either direction. */
export const halfOpen: Fault = {
  id: "F10",
  title: "a half-open link between client and gateway",
  touches: ["gateway"],
  async run({ house, crowd, say }) {
    const [gateway] = await withClients(house);
    if (!gateway) throw new Error("no gateway has a client");
    const links = gateway.fromClients.links();
    const ended = () => metric(gateway.app, "parley_gateway_connections_ended_total");
    const before = await ended();
    const began = performance.now();
    gateway.fromClients.set("both", "swallow", (link) => links.includes(link));
    const recoveryMs = await crowd.recovered(began);
    const outages = crowd.outages(began);
    say(noticedWords(outages));
    await eventually(
      "the gateway to drop them",
      async () => (await ended()) - before >= links.length || undefined,
    );
    const dropped = performance.now() - began;
    gateway.fromClients.cut("rst", (link) => links.includes(link));
    gateway.fromClients.set("both", "pass");
    const slowest = Math.max(...outages.map(({ noticedMs }) => noticedMs));
    return {
      struck: links.length,
      of: "links swallowed",
      recoveryMs,
      shown: `${noticedWords(outages)} (bound ${seconds(BOUND_MS)}), by the gateway within ${seconds(dropped)}`,
      late: slowest > BOUND_MS + SLACK_MS ? [`noticed only after ${seconds(slowest)}`] : [],
    };
  },
};
