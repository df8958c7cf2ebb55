import { setTimeout as delay } from "node:timers/promises";
import type { ListenTasks } from "../load/listen.ts";
import { startLoad } from "../load/load.ts";
import type { Context, Measurement, Row } from "../measurement.ts";
import { residentBytes } from "../proc.ts";
import { startCounting } from "../stopwatch.ts";
import type { Subject } from "../subject.ts";

export const idle: Measurement = {
  name: "idle",
  title: "Connections: how fast they come, and what one costs that is silent",
  notes: [
    "Each with a user and a token of its own, 50 handshakes at a time, counted until its `ready`.",
    "Memory is what the gateway's resident memory grew by, garbage that is not collected yet among it: an upper bound. Buffers of the kernel are not in it.",
  ],
  columns: [
    { key: "rate", title: "connections/s", digits: 0 },
    { key: "cpu", title: "gateway µs/connection", digits: 0 },
    { key: "memory", title: "KiB/connection", digits: 1 },
    { key: "idleShare", title: "gateway % of a core, idle", digits: 1 },
  ],
  async round(context) {
    const rows: Row[] = [];
    for (const subject of context.subjects) rows.push(await ofSubject(subject, context));
    return rows;
  },
};

async function ofSubject(subject: Subject, { plan, say }: Context): Promise<Row> {
  const { connections, warmUp, settleMs } = plan.idle;
  say(`starting ${subject.name}`);
  const running = await subject.start();
  const warm = startLoad<ListenTasks>("listen");
  const load = startLoad<ListenTasks>("listen");
  try {
    const { target, pids } = running;
    const { server } = pids;
    // These stay: what the first connections compile and allocate once is not counted with the others.
    await warm.call("connect", { target, tokens: await running.tokens(warmUp, "early") });
    const tokens = await running.tokens(connections, "idle");
    await delay(settleMs);
    say(`${connections} connections`);
    const before = residentBytes(server);
    const connecting = startCounting({ server, load: load.pid });
    const { elapsedMs } = await load.call("connect", { target, tokens });
    const { cpu, elapsedMicros } = connecting();
    const resting = startCounting({ server });
    await delay(settleMs);
    const rest = resting();
    return {
      label: `${subject.name}, ${connections} connections`,
      figures: {
        rate: connections / (elapsedMs / 1000),
        cpu: cpu.server / connections,
        memory: (residentBytes(server) - before) / 1024 / connections,
        idleShare: (100 * rest.cpu.server) / rest.elapsedMicros,
      },
      loadShare: cpu.load / elapsedMicros,
    };
  } finally {
    warm.stop();
    load.stop();
    await running.stop();
  }
}
