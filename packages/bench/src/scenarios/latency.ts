import { startLoad } from "../load/load.ts";
import { redisRoundTrips } from "../load/redis-round-trips.ts";
import type { SendTasks } from "../load/tasks/send.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { PARLEY_TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { latencyColumns, latencyFigures, probe } from "./steps/probe.ts";
import { caseOf } from "./steps/with-target.ts";

/** Loads of this scenario, as the report names them. */
export const SINGLE = "one message, to its ack";
export const FSYNC = "one XADD to its Redis";
/** Messages before the measured ones. */
const WARM_UP = 100;

/** Latency of a single message on an idle system, compared with one XADD. */
export const latency: Scenario = {
  name: "latency",
  title: "A single message on an idle system",
  notes: [
    "One at a time with a pause after each, from the write to the ack; beside it the same content by XADD straight to the same Redis, which answers after its fsync.",
    "p99.9 of so few is close to the slowest one.",
  ],
  columns: latencyColumns(2),
  cases: PARLEY_TARGETS.map((target) =>
    caseOf(target, ({ latency: { count, pauseMs } }) => 2 + (2 * count * (pauseMs + 3)) / 1000, alone),
  ),
};

async function alone(running: RunningTarget, { plan, log }: Context) {
  const { endpoint, tokens, redisPort } = running;
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { endpoint, tokens: await tokens(1, "sender") });
    const options = { ...plan.latency, bytes: CONTENT_BYTES };
    await load.call("single", { ...options, count: WARM_UP });
    const measure = async (name: string, work: () => Promise<readonly number[]>) => {
      log(name);
      const least = await probe(running);
      const stopCounting = startCounting({ load: [load.pid] });
      const figures = { ...latencyFigures(await work()), ...least };
      const { busiest, elapsedMicros, machineShare } = stopCounting();
      return {
        load: name,
        figures,
        loadShare: busiest.load / elapsedMicros,
        machineShare,
      };
    };
    const single = await measure(SINGLE, () => load.call("single", options));
    if (redisPort === undefined) return [single];
    const xadd = [["XADD", "bench:fsync", "*", "content", "x".repeat(CONTENT_BYTES)]];
    return [single, await measure(FSYNC, () => redisRoundTrips(redisPort, () => xadd, plan.latency))];
  } finally {
    load.stop();
  }
}
