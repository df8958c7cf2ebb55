import { startLoad } from "../load/load.ts";
import type { SendTasks } from "../load/send.ts";
import type { Context, Measurement, Row } from "../measurement.ts";
import { CONTENT_BYTES } from "../plan.ts";
import { startCounting } from "../stopwatch.ts";
import type { Subject } from "../subject.ts";

export const append: Measurement = {
  name: "append",
  title: "Appending: messages that one gateway takes, durable and acknowledged",
  notes: [
    "Private messages with a ref to users who are not there; Redis with appendfsync always.",
    "Each sender keeps its window full and gets two frames a message: the ack, and the message itself (P20).",
    "Closed loop: it finds the most that goes through, and says nothing about waiting.",
  ],
  columns: [
    { key: "acked", title: "acked/s", digits: 0 },
    { key: "gateway", title: "gateway µs/message", digits: 1 },
    { key: "redis", title: "Redis µs/message", digits: 1 },
    { key: "gatewayShare", title: "gateway % of a core", digits: 0 },
    { key: "redisShare", title: "Redis % of a core", digits: 0 },
    { key: "failed", title: "failed", digits: 0 },
  ],
  async round(context) {
    const rows: Row[] = [];
    for (const subject of context.subjects) rows.push(await ofSubject(subject, context));
    return rows;
  },
};

async function ofSubject(subject: Subject, { plan, say }: Context): Promise<Row> {
  const { senders, window, warmUpMs, ms } = plan.append;
  say(`starting ${subject.name}`);
  const running = await subject.start();
  const load = startLoad<SendTasks>("send");
  try {
    const { target } = running;
    await load.call("connect", { target, tokens: await running.tokens(senders, "sender") });
    const stream = { to: "offline", bytes: CONTENT_BYTES, window };
    await load.call("pipelined", { ...stream, limit: { ms: warmUpMs } });
    say(`${subject.name}, ${senders} senders with ${window} messages under way each`);
    const stopCounting = startCounting({ ...running.pids, load: load.pid });
    const sent = await load.call("pipelined", { ...stream, limit: { ms } });
    const { cpu, elapsedMicros } = stopCounting();
    return {
      label: `${subject.name}, ${senders} senders × ${window}`,
      figures: {
        acked: sent.acked / (sent.elapsedMs / 1000),
        gateway: cpu.server / sent.acked,
        redis: cpu.log / sent.acked,
        gatewayShare: (100 * cpu.server) / elapsedMicros,
        redisShare: (100 * cpu.log) / elapsedMicros,
        failed: sent.failed,
      },
      loadShare: cpu.load / elapsedMicros,
    };
  } finally {
    load.stop();
    await running.stop();
  }
}
