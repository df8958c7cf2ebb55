import { setTimeout as delay } from "node:timers/promises";
import { connections, withClients } from "../cluster/metrics.ts";
import { noticedWords, seconds } from "../report/words.ts";
import { HEARTBEAT } from "../workload/workload.ts";
import type { Fault } from "./fault.ts";

const BOUND_MS = HEARTBEAT.everyMs + HEARTBEAT.timeoutMs;
/** Timers on a busy machine. */
const SLACK_MS = 1_000;

/** Its sockets stay open and say nothing: only the SDK's heartbeat tells. What it had in hand it does when it wakes. */
export const gatewayHangs: Fault = {
  id: "F4",
  title: "a gateway hangs",
  touches: ["gateway"],
  async run({ house, crowd, say, short }) {
    const [victim] = await withClients(house);
    if (!victim) throw new Error("no gateway has a client");
    const struck = await connections(victim);
    const stopped = performance.now();
    await victim.app.kill("SIGSTOP");
    const recoveryMs = await crowd.recovered(stopped);
    const outages = crowd.outages(stopped);
    say(noticedWords(outages));
    await delay(short ? 500 : 5_000);
    await victim.app.kill("SIGCONT");
    await crowd.recovered(performance.now());
    const slowest = Math.max(...outages.map(({ noticedMs }) => noticedMs));
    return {
      struck,
      of: "clients left hanging",
      recoveryMs,
      shown: `${noticedWords(outages)} (bound ${seconds(BOUND_MS)})`,
      late: slowest > BOUND_MS + SLACK_MS ? [`noticed only after ${seconds(slowest)}`] : [],
    };
  },
};
