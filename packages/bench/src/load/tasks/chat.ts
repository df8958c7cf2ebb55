import { pace } from "../pace.ts";
import { Samples } from "../samples.ts";
import { Sender } from "../sender.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Endpoint } from "../socket/connection.ts";
import { isPrivate, stampedContent } from "../stamp.ts";
import { type WaitLimits, waitUntilDone } from "../wait.ts";
import { serve } from "./serve.ts";

/** Tasks of a load process whose users write private messages to each other. */
export type ChatTasks = typeof tasks;

/** The result of one run of `chat`, for the users of this process. */
export interface ChatResult {
  readonly sent: number;
  readonly refused: number;
  /** Private messages received by their recipients and by their senders. */
  readonly received: number;
  /** Latencies of the sampled private messages, each from the time when the message was due, in µs. */
  readonly latencies: readonly number[];
  readonly firstDueAt: number;
  /** Time of the last sample, in µs of the steady clock; 0 without samples. */
  readonly lastAt: number;
}

interface ChatOptions {
  readonly perSecond: number;
  readonly count: number;
  readonly bytes: number;
  /** One message in `stride` is sampled. */
  readonly stride: number;
  readonly limits: WaitLimits;
}

interface User {
  readonly sender: Sender;
  readonly partner: string;
}

let users: User[] = [];
let samples = new Samples(1);

function onFrame(sender: Sender, ...[kind, data, start, length]: Parameters<Sender["onFrame"]>): void {
  // Messages in the public room are counted by the listeners' processes.
  if (kind === "message" && !isPrivate(data, start, length)) return;
  sender.onFrame(kind, data, start, length);
  if (kind === "message") samples.add(data, start, length);
}

async function join(endpoint: Endpoint, token: string, index: number, partner: string): Promise<User> {
  const sender = new Sender(index);
  const connection = await Connection.open(endpoint, token, (...frame) => onFrame(sender, ...frame));
  return { sender: sender.attach(connection), partner };
}

const sum = (of: (sender: Sender) => number): number =>
  users.reduce((total, { sender }) => total + of(sender), 0);

async function outcome(firstDueAt: number, expected: number, limits: WaitLimits): Promise<ChatResult> {
  const unanswered = () => sum((sender) => (sender.acknowledges ? sender.sent - sender.settled : 0));
  await waitUntilDone(
    () => samples.received >= expected && unanswered() <= 0,
    () => samples.received - unanswered(),
    limits,
  );
  return {
    sent: sum((sender) => sender.sent),
    refused: sum((sender) => sender.refused),
    received: samples.received,
    latencies: samples.latencies,
    firstDueAt,
    lastAt: samples.lastAt,
  };
}

const tasks = {
  /** Connects one user per token. Each user writes to the partner at the same index. */
  async connect(options: { endpoint: Endpoint; tokens: readonly string[]; partners: readonly string[] }) {
    const { endpoint, tokens, partners } = options;
    const opened = await connectAll(tokens, (token, index) =>
      join(endpoint, token, index, partners[index] ?? ""),
    );
    users = opened.connections;
  },

  /**
   * Open loop: sends `count` messages, from the users in turn, each message when it is due. Each message arrives
   * twice, at its recipient and back at its sender. The users receive as many messages from their partners as they
   * send, so this process expects twice `count`.
   */
  async chat({ perSecond, count, bytes, stride, limits }: ChatOptions): Promise<ChatResult> {
    for (const { sender } of users) sender.resetCounts();
    samples = new Samples(stride);
    const unflushed = new Set<Sender>();
    const firstDueAt = await pace(
      { perSecond, count },
      (n, dueAt) => {
        const user = users[n % users.length];
        if (!user) return;
        user.sender.send(user.partner, stampedContent(dueAt, bytes, "private"));
        unflushed.add(user.sender);
      },
      () => {
        for (const sender of unflushed) sender.flush();
        unflushed.clear();
      },
    );
    return outcome(firstDueAt, 2 * count, limits);
  },
};

serve(tasks);
