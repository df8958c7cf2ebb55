import { startLoad } from "../load/load.ts";
import { redisLatencies } from "../load/tasks/redis-latency.ts";
import type { SendTasks } from "../load/tasks/send.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Measurement } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { PARLEYS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { latencyFigures } from "./steps/room.ts";
import { caseOf } from "./steps/with-target.ts";

export const SINGLE = "one message, to its ack";
export const FSYNC = "one XADD to its Redis";

export const latency: Measurement = {
  name: "latency",
  title: "A single message on an idle system",
  notes: [
    "One at a time with a pause after each, from the write to the ack; beside it the same content by XADD straight to the same Redis, which answers after its fsync.",
  ],
  columns: [
    { key: "p50", title: "p50 ms", digits: 2 },
    { key: "p99", title: "p99 ms", digits: 2 },
  ],
  cases: PARLEYS.map((subject) =>
    caseOf(subject, ({ latency: { count, pauseMs } }) => 1 + (2.5 * count * (pauseMs + 2)) / 1000, alone),
  ),
};

async function alone({ target, tokens, redisPort }: RunningSubject, { plan, say }: Context) {
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { target, tokens: await tokens(1, "sender") });
    const asked = { ...plan.latency, bytes: CONTENT_BYTES };
    await load.call("single", { ...asked, count: asked.count / 2 });
    const measured = async (name: string, take: () => Promise<readonly number[]>) => {
      say(name);
      const stopCounting = startCounting({ load: [load.pid] });
      const { p50, p99 } = latencyFigures(await take());
      const { busiest, elapsedMicros, machineShare } = stopCounting();
      return {
        load: name,
        figures: { p50, p99 },
        loadShare: busiest.load / elapsedMicros,
        machineShare,
      };
    };
    const single = await measured(SINGLE, () => load.call("single", asked));
    if (redisPort === undefined) return [single];
    return [single, await measured(FSYNC, () => redisLatencies(redisPort, asked))];
  } finally {
    load.stop();
  }
}
