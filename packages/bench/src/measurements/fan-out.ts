import { availableParallelism } from "node:os";
import type { Heard, ListenTasks } from "../load/listen.ts";
import { type Load, startLoad } from "../load/load.ts";
import type { SendTasks, Sent } from "../load/send.ts";
import type { Context, Measurement, Row } from "../measurement.ts";
import { CONTENT_BYTES } from "../plan.ts";
import { percentile } from "../statistics.ts";
import { startCounting } from "../stopwatch.ts";
import type { RunningSubject, Subject } from "../subject.ts";

/** Nothing more comes when nothing has come for so long. */
const QUIET_MS = 3_000;

export const fanOut: Measurement = {
  name: "fan-out",
  title: "Public room: what one delivered message costs its gateway",
  notes: [
    "One sender at a steady rate; each message goes to every listener and to the sender.",
    "CPU counts everything the gateway does meanwhile: taking in, appending, hearing and writing.",
    "Latency runs from when a message was due by the schedule to the listener's reading of it, so it holds the timer of the sender and any queue in the load generator.",
  ],
  columns: [
    { key: "asked", title: "asked deliveries/s", digits: 0 },
    { key: "deliveries", title: "got deliveries/s", digits: 0 },
    { key: "cpu", title: "gateway µs/delivery", digits: 2 },
    { key: "share", title: "gateway % of a core", digits: 0 },
    { key: "p50", title: "p50 ms", digits: 1 },
    { key: "p99", title: "p99 ms", digits: 1 },
    { key: "lost", title: "lost", digits: 0 },
    { key: "surplus", title: "doubled", digits: 0 },
  ],
  async round(context) {
    const rows: Row[] = [];
    for (const subject of context.subjects) rows.push(...(await ofSubject(subject, context)));
    return rows;
  },
};

async function ofSubject(subject: Subject, { plan, say }: Context): Promise<Row[]> {
  const { listeners, rates, warmUpMs, stepMs } = plan.fanOut;
  say(`starting ${subject.name}`);
  const running = await subject.start();
  const room = new Room(running);
  try {
    say(`connecting ${listeners} listeners`);
    await room.fill(listeners);
    await room.step({ rate: rates[0] ?? 0, ms: warmUpMs });
    const rows: Row[] = [];
    for (const rate of rates) {
      say(`${subject.name}, ${rate.toLocaleString("en-US")} deliveries/s`);
      rows.push({
        label: `${subject.name}, ${listeners} listeners`,
        ...(await room.step({ rate, ms: stepMs })),
      });
    }
    return rows.map((row) => ({ ...row, label: `${row.label}, ${row.figures.asked}/s` }));
  } finally {
    room.stop();
    await running.stop();
  }
}

/** The public room with a sender and its listeners, in processes of their own. */
class Room {
  readonly #running: RunningSubject;
  readonly #sender: Load<SendTasks> = startLoad("send");
  readonly #ears: readonly Load<ListenTasks>[];
  #listeners = 0;

  constructor(running: RunningSubject) {
    this.#running = running;
    // The server, Redis and the sender want cores too.
    const processes = Math.min(4, Math.max(1, (availableParallelism() - 1) >> 1));
    this.#ears = Array.from({ length: processes }, () => startLoad<ListenTasks>("listen"));
  }

  async fill(listeners: number): Promise<void> {
    const { target, tokens } = this.#running;
    this.#listeners = listeners;
    const names = await tokens(listeners, "listener");
    const share = Math.ceil(listeners / this.#ears.length);
    for (const [index, ear] of this.#ears.entries()) {
      await ear.call("connect", { target, tokens: names.slice(index * share, (index + 1) * share) });
    }
    await this.#sender.call("connect", { target, tokens: await tokens(1, "sender") });
  }

  /** Counts from before the first message is due until the last has been heard. */
  async step({ rate, ms }: { rate: number; ms: number }): Promise<Omit<Row, "label">> {
    const perSecond = rate / this.#listeners;
    const count = Math.round((perSecond * ms) / 1000);
    await Promise.all(this.#ears.map((ear) => ear.call("begin")));
    const stopCounting = startCounting(this.#running.pids);
    const stopCountingLoad = startCounting(this.#loadPids());
    const sent = await this.#sender.call("paced", { perSecond, count, bytes: CONTENT_BYTES });
    const expected = { expected: sent.acked, quietMs: QUIET_MS };
    const heard = await Promise.all(this.#ears.map((ear) => ear.call("heard", expected)));
    const { cpu, elapsedMicros } = stopCounting();
    const loads = Object.values(stopCountingLoad().cpu);
    return {
      figures: { asked: rate, ...figuresOf(sent, heard, cpu.server, elapsedMicros) },
      loadShare: Math.max(...loads) / elapsedMicros,
    };
  }

  stop(): void {
    for (const load of [this.#sender, ...this.#ears]) load.stop();
  }

  #loadPids(): Record<string, number> {
    const ears = this.#ears.map((ear, index) => [`listen${index}`, ear.pid]);
    return { send: this.#sender.pid, ...Object.fromEntries(ears) };
  }
}

function figuresOf(sent: Sent, heard: readonly Heard[], cpu: number, elapsedMicros: number) {
  const sum = (of: (one: Heard) => number): number => heard.reduce((total, one) => total + of(one), 0);
  const delivered = sum((one) => one.received) + sent.received;
  const lastAt = Math.max(...heard.map((one) => one.lastAt));
  const latencies = heard.flatMap((one) => one.latencies);
  return {
    deliveries: sum((one) => one.received) / ((lastAt - sent.firstDueAt) / 1_000_000),
    cpu: cpu / delivered,
    share: (100 * cpu) / elapsedMicros,
    p50: percentile(latencies, 0.5) / 1000,
    p99: percentile(latencies, 0.99) / 1000,
    lost: sum((one) => one.lost),
    surplus: sum((one) => one.surplus),
  };
}
