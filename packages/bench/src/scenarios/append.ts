import { startLoad } from "../load/load.ts";
import type { SendTasks } from "../load/tasks/send.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { PARLEY_TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { caseOf } from "./steps/with-target.ts";

/** Throughput of durable, acknowledged messages. */
export const append: Scenario = {
  name: "append",
  title: "Appending: messages that one gateway takes, durable and acknowledged",
  notes: [
    "Private messages with a ref to users who are not there; Redis with appendfsync always, standalone with SQLite's synchronous=FULL.",
    "Each sender keeps its window full and gets two frames a message: the ack, and the message itself (P20).",
    "Closed loop: it finds the most that goes through, and says nothing about waiting.",
  ],
  columns: [
    { key: "acked", title: "acked/s", digits: 0 },
    { key: "cpu", title: "server µs/message", digits: 1 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    { key: "share", title: "server % of a core", digits: 0 },
    { key: "redisShare", title: "Redis % of a core", digits: 0 },
    { key: "failed", title: "failed", digits: 0 },
  ],
  cases: PARLEY_TARGETS.map((target) =>
    caseOf(target, ({ append: { warmUpMs, ms } }) => 1 + (warmUpMs + ms) / 1000, measureAppends),
  ),
};

async function measureAppends({ endpoint, tokens, pids }: RunningTarget, { plan, log }: Context) {
  const { senders, window, warmUpMs, ms } = plan.append;
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { endpoint, tokens: await tokens(senders, "sender") });
    const stream = { to: "offline", bytes: CONTENT_BYTES, window };
    await load.call("pipelined", { ...stream, limit: { ms: warmUpMs } });
    log(`${senders} senders with ${window} messages in flight each`);
    const stopCounting = startCounting({ ...pids, load: [load.pid] });
    const sent = await load.call("pipelined", { ...stream, limit: { ms } });
    const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
    return [
      {
        load: `${senders} senders × ${window} under way`,
        figures: {
          acked: sent.acked / (sent.elapsedMs / 1000),
          cpu: cpu.server / sent.acked,
          redis: cpu.redis / sent.acked,
          share: (100 * cpu.server) / elapsedMicros,
          redisShare: (100 * cpu.redis) / elapsedMicros,
          failed: sent.failed,
        },
        loadShare: busiest.load / elapsedMicros,
        machineShare,
      },
    ];
  } finally {
    load.stop();
  }
}
