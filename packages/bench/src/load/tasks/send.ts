import { setTimeout as delay } from "node:timers/promises";
import { pace } from "../pace.ts";
import { doneOrQuiet } from "../quiet.ts";
import { Sender } from "../sender.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Target } from "../socket/connection.ts";
import { stampedContent, steadyMicros } from "../stamp.ts";
import { serve } from "./serve.ts";

/** A process of connections that send. */
export type SendTasks = typeof tasks;

export interface Sent {
  /** Acknowledged, and refused or never answered. Where the server answers nothing, all that was sent, and none. */
  readonly acked: number;
  readonly failed: number;
  /** All that was sent and not refused: what may be heard. */
  readonly expected: number;
  /** Messages that the senders themselves were given. */
  readonly received: number;
  /** From the first message that was due to the last answer, in ms. */
  readonly elapsedMs: number;
  /** Of the first message, in µs of the steady clock. */
  readonly firstDueAt: number;
}

/** When nothing has come for so long, nothing more will; and a server that is full is not waited for much longer. */
const PATIENCE = { quietMs: 3_000, mostMs: 4_000 };
const WITHOUT_END = { ...PATIENCE, mostMs: Number.POSITIVE_INFINITY };

let senders: Sender[] = [];

const sum = (of: (sender: Sender) => number): number =>
  senders.reduce((total, sender) => total + of(sender), 0);

async function outcome(firstDueAt: number): Promise<Sent> {
  const settled = () => sum((sender) => sender.settled);
  const sent = sum((sender) => sender.sent);
  await doneOrQuiet(() => settled() >= sent, settled, PATIENCE);
  const acked = sum((sender) => (sender.answers ? sender.acked : sender.sent));
  const lastAt = Math.max(...senders.map((sender) => sender.answeredAt));
  return {
    acked,
    failed: sent - acked,
    expected: sent - sum((sender) => sender.refused),
    received: sum((sender) => sender.received),
    elapsedMs: (lastAt - firstDueAt) / 1000,
    firstDueAt,
  };
}

const tasks = {
  async connect({ target, tokens }: { target: Target; tokens: readonly string[] }) {
    const opened = await connectAll(tokens, (token, index) => {
      const sender = new Sender(index);
      return Connection.open(target, token, sender.hear).then((connection) => sender.use(connection));
    });
    senders = opened.connections;
  },

  /** Open loop: `count` messages to everybody, from the senders in turn, each when it is due. */
  async paced({
    perSecond,
    count,
    bytes,
  }: {
    perSecond: number;
    count: number;
    bytes: number;
  }): Promise<Sent> {
    for (const sender of senders) sender.begin();
    const firstDueAt = await pace(
      { perSecond, count },
      (n, dueAt) => senders[n % senders.length]?.send("", stampedContent(dueAt, bytes)),
      () => {
        for (const sender of senders) sender.flush();
      },
    );
    return outcome(firstDueAt);
  },

  /**
   * Closed loop: each sender keeps `window` messages under way and sends the next on each answer, for a time or up
   * to a number in all. It finds what a server can do; it says nothing about waiting, so no latency is taken.
   */
  async pipelined({ to, bytes, window, limit }: Pipelined): Promise<Sent> {
    const startedAt = steadyMicros();
    const each = "count" in limit ? Math.ceil(limit.count / senders.length) : Number.POSITIVE_INFINITY;
    const content = "x".repeat(bytes);
    senders.forEach((sender, index) => {
      sender.begin();
      sender.keep({ to: to === "" ? "" : `${to}-${index}`, content, window, limit: each });
    });
    if ("ms" in limit) await delay(limit.ms);
    else {
      const settled = () => sum((sender) => sender.settled);
      await doneOrQuiet(() => settled() >= each * senders.length, settled, WITHOUT_END);
    }
    for (const sender of senders) sender.rest();
    return outcome(startedAt);
  },

  /** One message at a time with a pause after each; of each how long its answer took, in µs. */
  async single({ count, pauseMs, bytes }: { count: number; pauseMs: number; bytes: number }) {
    const [sender] = senders;
    if (!sender) throw new Error("nobody is connected");
    const latencies: number[] = [];
    for (let n = 0; n < count; n += 1) {
      await delay(pauseMs);
      latencies.push(await sender.roundTrip("offline", "x".repeat(bytes)));
    }
    return latencies;
  },
};

interface Pipelined {
  /** "" for everybody; else the beginning of the names that are sent to, one a sender. */
  readonly to: string;
  readonly bytes: number;
  readonly window: number;
  readonly limit: { readonly ms: number } | { readonly count: number };
}

serve(tasks);
