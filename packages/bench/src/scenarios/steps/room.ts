import { availableParallelism } from "node:os";
import { type Load, startLoad } from "../../load/load.ts";
import { strideFor } from "../../load/samples.ts";
import type { Heard, ListenTasks } from "../../load/tasks/listen.ts";
import type { SendTasks, Sent } from "../../load/tasks/send.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import type { Figures, Row } from "../../runner/scenario.ts";
import { percentile } from "../../runner/statistics.ts";
import { startCounting, type Used } from "../../runner/stopwatch.ts";
import type { RunningSubject } from "../../targets/target.ts";

/** When nothing has come for so long, nothing more will; and a server that is full owes too much to wait for it all. */
const PATIENCE = { quietMs: 3_000, mostMs: 4_000 };
/** What it owes may come in bursts; then it is given up. */
const OWED = { quietMs: 1_000, mostMs: 15_000 };
/** Beside the listeners the server, Redis and the sender want cores too. */
const PROCESSES = Math.min(4, Math.max(1, (availableParallelism() - 1) >> 1));

export interface Step {
  /** Deliveries a second that are asked for. */
  readonly rate: number;
  readonly ms: number;
  /** Of the content. Default CONTENT_BYTES. */
  readonly bytes?: number;
}

export type Measured = Pick<Row, "figures" | "loadShare" | "machineShare">;

/** The public room with a sender and its listeners, in processes of their own. */
export class Room {
  readonly #running: RunningSubject;
  #sender: Load<SendTasks> | undefined;
  #ears: readonly Load<ListenTasks>[] = [];
  #listeners = 0;
  /** Users who are in the room as well, and are counted elsewhere. */
  readonly #others: number;

  constructor(running: RunningSubject, { others = 0 }: { others?: number } = {}) {
    this.#running = running;
    this.#others = others;
  }

  /** Connects a sender and `listeners` listeners; who was connected before is gone. */
  async fill(listeners: number): Promise<void> {
    this.stop();
    const { target, tokens } = this.#running;
    this.#listeners = listeners;
    this.#sender = startLoad("send");
    this.#ears = Array.from({ length: PROCESSES }, () => startLoad<ListenTasks>("listen"));
    const names = await tokens(listeners, "listener");
    const share = Math.ceil(listeners / this.#ears.length);
    for (const [index, ear] of this.#ears.entries()) {
      await ear.call("connect", { target, tokens: names.slice(index * share, (index + 1) * share) });
    }
    await this.#sender.call("connect", { target, tokens: await tokens(1, "sender") });
  }

  /** One listener reads no more. */
  async deafen(): Promise<void> {
    await this.#ears[0]?.call("deafen");
  }

  get loadPids(): readonly number[] {
    return [this.#sender, ...this.#ears].flatMap((load) => load?.pid ?? []);
  }

  /** Counts from before the first message is due until the last has been heard. */
  async step(step: Step): Promise<Measured> {
    const stopCounting = startCounting({ ...this.#running.pids, load: this.loadPids });
    const heard = await this.speak(step);
    const used = stopCounting();
    return {
      figures: { asked: step.rate, ...heard, ...costOf(used, heard.delivered ?? 0) },
      loadShare: used.busiest.load / used.elapsedMicros,
      machineShare: used.machineShare,
    };
  }

  async speak({ rate, ms, bytes = CONTENT_BYTES }: Step): Promise<Figures> {
    const sender = this.#sender;
    if (!sender) throw new Error("nobody is in the room");
    const perSecond = rate / (this.#listeners + this.#others);
    const count = Math.max(1, Math.round((perSecond * ms) / 1000));
    const stride = strideFor((count * this.#listeners) / this.#ears.length);
    await Promise.all(this.#ears.map((ear) => ear.call("begin", { stride })));
    const sent = await sender.call("paced", { perSecond, count, bytes });
    const expected = { expected: sent.expected, patience: PATIENCE };
    return figuresOf(sent, await Promise.all(this.#ears.map((ear) => ear.call("heard", expected))));
  }

  /** Waits for what is still on its way. */
  async settle(): Promise<void> {
    await Promise.all(this.#ears.map((ear) => ear.call("settle", OWED)));
  }

  stop(): void {
    for (const load of [this.#sender, ...this.#ears]) load?.stop();
  }
}

function figuresOf(sent: Sent, heard: readonly Heard[]): Figures {
  const sum = (of: (one: Heard) => number): number => heard.reduce((total, one) => total + of(one), 0);
  const received = sum((one) => one.received);
  const lastAt = Math.max(...heard.map((one) => one.lastAt));
  const latencies = heard.flatMap((one) => one.latencies);
  return {
    delivered: received + sent.received,
    deliveries: received / ((lastAt - sent.firstDueAt) / 1_000_000),
    ...latencyFigures(latencies),
    lost: sum((one) => one.lost),
    surplus: sum((one) => one.surplus),
    closed: sum((one) => one.closed),
    failed: sent.failed,
  };
}

/** In ms, of latencies in µs. */
export function latencyFigures(latencies: readonly number[]): Record<"p50" | "p99" | "p999", number> {
  const of = (share: number): number => percentile(latencies, share) / 1000;
  return { p50: of(0.5), p99: of(0.99), p999: of(0.999) };
}

/** By message that was delivered. */
function costOf(used: Used<"server" | "redis">, delivered: number): Figures {
  return {
    cpu: used.cpu.server / delivered,
    redis: used.cpu.redis / delivered,
    share: (100 * used.cpu.server) / used.elapsedMicros,
  };
}
