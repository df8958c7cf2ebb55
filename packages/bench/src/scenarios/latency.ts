import { startLoad } from "../load/load.ts";
import { redisLatencies } from "../load/tasks/redis-latency.ts";
import type { SendTasks } from "../load/tasks/send.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { PARLEY_TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { latencyFigures } from "./steps/room.ts";
import { caseOf } from "./steps/with-target.ts";

/** Loads of this scenario, as the report names them. */
export const SINGLE = "one message, to its ack";
export const FSYNC = "one XADD to its Redis";

/** Latency of a single message on an idle system, compared with one XADD. */
export const latency: Scenario = {
  name: "latency",
  title: "A single message on an idle system",
  notes: [
    "One at a time with a pause after each, from the write to the ack; beside it the same content by XADD straight to the same Redis, which answers after its fsync.",
  ],
  columns: [
    { key: "p50", title: "p50 ms", digits: 2 },
    { key: "p99", title: "p99 ms", digits: 2 },
  ],
  cases: PARLEY_TARGETS.map((target) =>
    caseOf(target, ({ latency: { count, pauseMs } }) => 1 + (2.5 * count * (pauseMs + 2)) / 1000, alone),
  ),
};

async function alone({ endpoint, tokens, redisPort }: RunningTarget, { plan, log }: Context) {
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { endpoint, tokens: await tokens(1, "sender") });
    const options = { ...plan.latency, bytes: CONTENT_BYTES };
    await load.call("single", { ...options, count: options.count / 2 });
    const measure = async (name: string, work: () => Promise<readonly number[]>) => {
      log(name);
      const stopCounting = startCounting({ load: [load.pid] });
      const { p50, p99 } = latencyFigures(await work());
      const { busiest, elapsedMicros, machineShare } = stopCounting();
      return {
        load: name,
        figures: { p50, p99 },
        loadShare: busiest.load / elapsedMicros,
        machineShare,
      };
    };
    const single = await measure(SINGLE, () => load.call("single", options));
    if (redisPort === undefined) return [single];
    return [single, await measure(FSYNC, () => redisLatencies(redisPort, options))];
  } finally {
    load.stop();
  }
}
