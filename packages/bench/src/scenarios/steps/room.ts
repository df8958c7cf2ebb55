import { availableParallelism } from "node:os";
import { type Load, startLoad } from "../../load/load.ts";
import { strideFor } from "../../load/samples.ts";
import type { ListenResult, ListenTasks } from "../../load/tasks/listen.ts";
import type { SendResult, SendTasks } from "../../load/tasks/send.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import type { Figures, Row } from "../../runner/scenario.ts";
import { startCounting, type Usage } from "../../runner/stopwatch.ts";
import type { RunningTarget } from "../../targets/target.ts";
import { latencyFigures, probe } from "./probe.ts";

/**
 * Limits for waiting for the last messages. No message follows after a silence of `quietMs`. `maxMs` shortens the
 * wait for a server that is full.
 */
const RECEIVE_LIMITS = { quietMs: 3_000, maxMs: 4_000 };
/**
 * Limits for draining a full server's backlog before the next step. A backlog may drain in bursts, so this wait is
 * longer.
 */
const DRAIN_LIMITS = { quietMs: 1_000, maxMs: 15_000 };
/** Number of listener processes. Cores are left for the server, Redis and the sender. */
const PROCESSES = Math.min(4, Math.max(1, (availableParallelism() - 1) >> 1));

/** The load of one step. */
export interface Step {
  /** Requested deliveries a second. */
  readonly rate: number;
  readonly ms: number;
  /** Size of the content. Default CONTENT_BYTES. */
  readonly bytes?: number;
}

/** The result of one step. */
export type Measured = Pick<Row, "figures" | "loadShare" | "machineShare">;

/** The public room with one sender and its listeners, connected from separate load processes. */
export class Room {
  readonly #running: RunningTarget;
  #sender: Load<SendTasks> | undefined;
  #listeners: readonly Load<ListenTasks>[] = [];
  #listenerCount = 0;
  /** Number of other connected users. They receive the room's messages too, but are counted elsewhere. */
  readonly #otherUsers: number;

  constructor(running: RunningTarget, { otherUsers = 0 }: { otherUsers?: number } = {}) {
    this.#running = running;
    this.#otherUsers = otherUsers;
  }

  /** Connects a sender and `count` listeners. Earlier connections of this room are closed. */
  async fill(count: number): Promise<void> {
    this.stop();
    const { endpoint, tokens } = this.#running;
    this.#listenerCount = count;
    this.#sender = startLoad("send");
    this.#listeners = Array.from({ length: PROCESSES }, () => startLoad<ListenTasks>("listen"));
    const all = await tokens(count, "listener");
    const share = Math.ceil(count / this.#listeners.length);
    for (const [index, load] of this.#listeners.entries()) {
      await load.call("connect", { endpoint, tokens: all.slice(index * share, (index + 1) * share) });
    }
    await this.#sender.call("connect", { endpoint, tokens: await tokens(1, "sender") });
  }

  /** Makes one listener stop reading. */
  async stallOne(): Promise<void> {
    await this.#listeners[0]?.call("stallOne");
  }

  get loadPids(): readonly number[] {
    return [this.#sender, ...this.#listeners].flatMap((load) => load?.pid ?? []);
  }

  /** Sends messages and measures from before the first message is due until the last one is received. */
  async measure(step: Step): Promise<Measured> {
    const least = await probe(this.#running);
    const stopCounting = startCounting({ ...this.#running.pids, load: this.loadPids });
    const figures = await this.send(step);
    const used = stopCounting();
    return {
      figures: { asked: step.rate, ...figures, ...costOf(used, figures.delivered ?? 0), ...least },
      loadShare: used.busiest.load / used.elapsedMicros,
      machineShare: used.machineShare,
    };
  }

  /** Sends messages to the room at a steady rate, without measuring CPU. */
  async send({ rate, ms, bytes = CONTENT_BYTES }: Step): Promise<Figures> {
    const sender = this.#sender;
    if (!sender) throw new Error("the room is empty: call fill first");
    const perSecond = rate / (this.#listenerCount + this.#otherUsers);
    const count = Math.max(1, Math.round((perSecond * ms) / 1000));
    const stride = strideFor((count * this.#listenerCount) / this.#listeners.length);
    await Promise.all(this.#listeners.map((load) => load.call("reset", { stride })));
    const sent = await sender.call("paced", { perSecond, count, bytes });
    const expected = { expected: sent.expected, limits: RECEIVE_LIMITS };
    const received = await Promise.all(this.#listeners.map((load) => load.call("collect", expected)));
    return figuresOf(sent, received);
  }

  /** Waits until the server's backlog is drained. */
  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((load) => load.call("waitUntilQuiet", DRAIN_LIMITS)));
  }

  stop(): void {
    for (const load of [this.#sender, ...this.#listeners]) load?.stop();
  }
}

function figuresOf(sent: SendResult, results: readonly ListenResult[]): Figures {
  const sum = (of: (one: ListenResult) => number): number =>
    results.reduce((total, one) => total + of(one), 0);
  const received = sum((one) => one.received);
  const lastAt = Math.max(...results.map((one) => one.lastAt));
  const latencies = results.flatMap((one) => one.latencies);
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

/** Returns the CPU per delivered message, and the servers' CPU as a percentage of one core. */
function costOf(used: Usage<"server" | "redis">, delivered: number): Figures {
  return {
    cpu: used.cpu.server / delivered,
    redis: used.cpu.redis / delivered,
    share: (100 * used.cpu.server) / used.elapsedMicros,
  };
}
