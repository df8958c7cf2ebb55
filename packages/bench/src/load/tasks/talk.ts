import { pace } from "../pace.ts";
import { doneOrQuiet, type Patience } from "../quiet.ts";
import { Samples } from "../samples.ts";
import { Sender } from "../sender.ts";
import { connectAll } from "../socket/connect-all.ts";
import { Connection, type Target } from "../socket/connection.ts";
import { isPrivate, stampedContent } from "../stamp.ts";
import { serve } from "./serve.ts";

/** A process of users who write to each other. */
export type TalkTasks = typeof tasks;

export interface Talked {
  readonly sent: number;
  readonly refused: number;
  /** Private messages that came, to recipients and back to senders. */
  readonly received: number;
  /** Of a part of the private messages, from when each was due, in µs. */
  readonly latencies: readonly number[];
  readonly firstDueAt: number;
  /** Of the last sample, in µs of the steady clock; 0 for none. */
  readonly lastAt: number;
}

interface Talking {
  readonly perSecond: number;
  readonly count: number;
  readonly bytes: number;
  /** One in how many messages is looked at. */
  readonly stride: number;
  readonly patience: Patience;
}

interface User {
  readonly sender: Sender;
  readonly partner: string;
}

let users: User[] = [];
let samples = new Samples(1);

function hear(sender: Sender, ...[kind, data, start, length]: Parameters<Sender["hear"]>): void {
  // What is said to everybody is counted by those who are there for it.
  if (kind === "message" && !isPrivate(data, start, length)) return;
  sender.hear(kind, data, start, length);
  if (kind === "message") samples.add(data, start, length);
}

async function join(target: Target, token: string, index: number, partner: string): Promise<User> {
  const sender = new Sender(index);
  const connection = await Connection.open(target, token, (...frame) => hear(sender, ...frame));
  return { sender: sender.use(connection), partner };
}

const sum = (of: (sender: Sender) => number): number =>
  users.reduce((total, { sender }) => total + of(sender), 0);

async function outcome(firstDueAt: number, expected: number, patience: Patience): Promise<Talked> {
  const unanswered = () => sum((sender) => (sender.answers ? sender.sent - sender.settled : 0));
  await doneOrQuiet(
    () => samples.received >= expected && unanswered() <= 0,
    () => samples.received - unanswered(),
    patience,
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
  /** A user a token, who writes to the partner named at the same place. */
  async connect(asked: { target: Target; tokens: readonly string[]; partners: readonly string[] }) {
    const { target, tokens, partners } = asked;
    const opened = await connectAll(tokens, (token, index) =>
      join(target, token, index, partners[index] ?? ""),
    );
    users = opened.connections;
  },

  /**
   * Open loop: `count` messages, from the users in turn, each when it is due. Each comes twice, to its recipient and
   * back to its sender, so where as many are written to these users as they write, twice `count` come to them.
   */
  async talk({ perSecond, count, bytes, stride, patience }: Talking): Promise<Talked> {
    for (const { sender } of users) sender.begin();
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
    return outcome(firstDueAt, 2 * count, patience);
  },
};

serve(tasks);
