import { startLoad } from "../load/load.ts";
import type { SendTasks } from "../load/tasks/send.ts";
import { CONTENT_BYTES } from "../runner/plan.ts";
import type { Context, Measurement } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { PARLEYS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { caseOf } from "./steps/with-target.ts";

export const append: Measurement = {
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
  cases: PARLEYS.map((subject) =>
    caseOf(subject, ({ append: { warmUpMs, ms } }) => 1 + (warmUpMs + ms) / 1000, takeIn),
  ),
};

async function takeIn({ target, tokens, pids }: RunningSubject, { plan, say }: Context) {
  const { senders, window, warmUpMs, ms } = plan.append;
  const load = startLoad<SendTasks>("send");
  try {
    await load.call("connect", { target, tokens: await tokens(senders, "sender") });
    const stream = { to: "offline", bytes: CONTENT_BYTES, window };
    await load.call("pipelined", { ...stream, limit: { ms: warmUpMs } });
    say(`${senders} senders with ${window} messages under way each`);
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
