import { setTimeout as delay } from "node:timers/promises";
import { pace } from "../pace.ts";
import { Sender } from "../sender.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Endpoint } from "../socket/connection.ts";
import { stampedContent, steadyMicros } from "../stamp.ts";
import { waitUntilDone } from "../wait.ts";
import { serve } from "./serve.ts";

/** Tasks of a load process whose connections send messages. */
export type SendTasks = typeof tasks;

/** The result of one run, for the senders of this process. */
export interface SendResult {
  /** Acknowledged messages. If the server doesn't acknowledge, all messages that were sent. */
  readonly acked: number;
  /** Messages that were refused or never answered; 0 if the server doesn't acknowledge. */
  readonly failed: number;
  /** Messages that were sent and not refused: each listener should receive this many. */
  readonly expected: number;
  /** Messages that the senders themselves received. */
  readonly received: number;
  /** Time from when the first message was due until the last answer, in ms. */
  readonly elapsedMs: number;
  /** Time at which the first message was due, in µs of the steady clock. */
  readonly firstDueAt: number;
}

/**
 * Limits for waiting for the last answers. No answer follows after a silence of `quietMs`. `maxMs` shortens the wait
 * for a server that is full.
 */
const ANSWER_LIMITS = { quietMs: 3_000, maxMs: 4_000 };
const ENDLESS = { ...ANSWER_LIMITS, maxMs: Number.POSITIVE_INFINITY };

let senders: Sender[] = [];

const sum = (of: (sender: Sender) => number): number =>
  senders.reduce((total, sender) => total + of(sender), 0);

async function outcome(firstDueAt: number): Promise<SendResult> {
  const settled = () => sum((sender) => sender.settled);
  const sent = sum((sender) => sender.sent);
  await waitUntilDone(() => settled() >= sent, settled, ANSWER_LIMITS);
  const acked = sum((sender) => (sender.acknowledges ? sender.acked : sender.sent));
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
  async connect({ endpoint, tokens }: { endpoint: Endpoint; tokens: readonly string[] }) {
    const opened = await connectAll(tokens, (token, index) => {
      const sender = new Sender(index);
      return Connection.open(endpoint, token, sender.onFrame).then((connection) => sender.attach(connection));
    });
    senders = opened.connections;
  },

  /** Open loop: sends `count` messages to the public room, from the senders in turn, each message when it is due. */
  async paced({
    perSecond,
    count,
    bytes,
  }: {
    perSecond: number;
    count: number;
    bytes: number;
  }): Promise<SendResult> {
    for (const sender of senders) sender.resetCounts();
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
   * Closed loop: each sender keeps `window` messages in flight and sends the next message on each answer. `limit` is
   * a duration or a total number of messages. A closed loop finds a server's throughput but hides queueing, so no
   * latencies are measured.
   */
  async pipelined({ to, bytes, window, limit }: PipelinedOptions): Promise<SendResult> {
    const startedAt = steadyMicros();
    const each = "count" in limit ? Math.ceil(limit.count / senders.length) : Number.POSITIVE_INFINITY;
    const content = "x".repeat(bytes);
    senders.forEach((sender, index) => {
      sender.resetCounts();
      sender.startPipeline({ to: to === "" ? "" : `${to}-${index}`, content, window, limit: each });
    });
    if ("ms" in limit) await delay(limit.ms);
    else {
      const settled = () => sum((sender) => sender.settled);
      await waitUntilDone(() => settled() >= each * senders.length, settled, ENDLESS);
    }
    for (const sender of senders) sender.stopPipeline();
    return outcome(startedAt);
  },

  /** Sends one message at a time with a pause before each. Resolves with the time until each answer, in µs. */
  async single({ count, pauseMs, bytes }: { count: number; pauseMs: number; bytes: number }) {
    const [sender] = senders;
    if (!sender) throw new Error("no sender is connected: call connect first");
    const latencies: number[] = [];
    for (let n = 0; n < count; n += 1) {
      await delay(pauseMs);
      latencies.push(await sender.roundTrip("offline", "x".repeat(bytes)));
    }
    return latencies;
  },
};

interface PipelinedOptions {
  /** "" for the public room; else the prefix of the recipients' names, one recipient per sender. */
  readonly to: string;
  readonly bytes: number;
  readonly window: number;
  readonly limit: { readonly ms: number } | { readonly count: number };
}

serve(tasks);
