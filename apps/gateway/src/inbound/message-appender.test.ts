import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import type { Appended, Appender } from "@parley/bus";
import { formatId, isChange, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Connection } from "../connection/connection.ts";
import { FlushPolicy } from "../outbound/flush-policy.ts";
import { textFrame } from "../outbound/text-frame.ts";
import { type FlushStats, WriteScheduler } from "../outbound/write-scheduler.ts";
import { ChatSocket } from "../upgrade/socket-server.ts";
import { MessageAppender } from "./message-appender.ts";

/** A message appender, its flush policy, and the contents of each call to its log, which answers at once. */
function createAppender({ maxDelayMs = 25, batchIntervalMs = 0 }) {
  const calls: string[][] = [];
  const appender: Appender = {
    problem: () => undefined,
    append: async (drafts) => {
      calls.push(drafts.map((draft) => (isChange(draft) ? draft.kind : draft.content)));
      return drafts.map((_, seq): Appended => ({ ok: true, id: formatId({ ms: calls.length, seq }) }));
    },
  };
  const ignore = () => undefined;
  const flushes: FlushStats[] = [];
  const policy = new FlushPolicy({ maxDelayMs });
  const writeScheduler = new WriteScheduler<Connection>({
    subscribers: new Set(),
    policy,
    onTooSlow: ignore,
    observe: (stats) => flushes.push(stats),
  });
  const messageAppender = new MessageAppender({
    appender,
    writeScheduler,
    flushPolicy: policy,
    deliveryTimer: { accepted: ignore },
    batchIntervalMs,
    maxUnanswered: 256,
    observe: ignore,
    onAllAnswered: ignore,
  });
  // ws's server creates its sockets without an address too.
  const ws = new ChatSocket(null as unknown as string, undefined, {});
  const connection = new Connection(ws, new PassThrough(), {
    id: "1",
    user: "alice",
    address: "",
    speaksChat: true,
    expiresAt: 0,
    issuedAt: 0,
    cursor: ORIGIN,
    maxPendingBytes: 1e6,
    openedAt: 0,
    heartbeatSlot: 0,
  });
  const send = (content: string, to = "") =>
    messageAppender.append(connection, { from: "alice", to, content, ref: content });
  const receive = (text: string) => writeScheduler.sendTo(connection, textFrame(text));
  return { messageAppender, policy, calls, flushes, send, receive };
}

/** A message appender whose log has answered one call, and a flush policy whose rest has just begun. */
async function appenderDuringRest(maxDelayMs: number) {
  const { messageAppender, policy, calls, send } = createAppender({ maxDelayMs });
  send("first");
  await messageAppender.flush();
  calls.pop();
  policy.passEnded(performance.now(), { ms: maxDelayMs / 2, publicFrames: 50 });
  return { messageAppender, calls, send };
}

describe("drafts during a rest of the write scheduler", () => {
  it("P13: gather if they are public; a private draft doesn't wait, and takes the earlier ones along", async () => {
    const { calls, send } = await appenderDuringRest(60_000);
    send("1");
    await turn();
    send("2");
    await turn();
    expect(calls).toEqual([]);
    send("private", "bob");
    await turn();
    expect(calls).toEqual([["1", "2", "private"]]);
  });

  it("are sent before the rest is over", async () => {
    const { calls, send } = await appenderDuringRest(50);
    send("1");
    await until(() => calls.length > 0, "the call");
    expect(calls).toEqual([["1"]]);
  });

  it("L6: don't wait if they fill one call, by number or by size", async () => {
    const { calls, send } = await appenderDuringRest(60_000);
    for (let n = 0; n < 130; n++) send(`${n}`);
    for (let n = 0; n < 33; n++) send("x".repeat(8_192));
    expect(calls.map((call) => call.length)).toEqual([128, 34]);
  });

  it("P41: are sent at once by a flush, which waits for their answers", async () => {
    const { messageAppender, calls, send } = await appenderDuringRest(60_000);
    send("1");
    await messageAppender.flush();
    expect(calls).toEqual([["1"]]);
  });
});

describe("an ack", () => {
  it("P10: waits one turn for the sender's own copy, and shares its write", async () => {
    const { messageAppender, flushes, send, receive } = createAppender({});
    send("1", "bob");
    await messageAppender.flush();
    await turn();
    expect(flushes).toEqual([]);
    receive("the copy");
    await turn();
    expect(flushes.map(({ subscribers }) => subscribers)).toEqual([1]);
  });
});

describe("drafts soon after a call to the log", () => {
  it("P13, L6: share the next call, in their order; the first draft doesn't wait", async () => {
    const { messageAppender, calls, send } = createAppender({ batchIntervalMs: 60_000 });
    send("1", "bob");
    await turn();
    expect(calls).toEqual([["1"]]);
    send("2", "bob");
    await turn();
    send("3");
    send("4", "carol");
    await turn();
    expect(calls).toEqual([["1"]]);
    await messageAppender.flush();
    expect(calls).toEqual([["1"], ["2", "3", "4"]]);
  });

  it("are sent once the interval has passed", async () => {
    const { calls, send } = createAppender({ batchIntervalMs: 20 });
    send("1", "bob");
    await turn();
    send("2", "bob");
    await until(() => calls.length > 1, "the next call");
    expect(calls).toEqual([["1"], ["2"]]);
  });

  it("L6: don't wait if they fill one call", async () => {
    const { calls, send } = createAppender({ batchIntervalMs: 60_000 });
    send("1", "bob");
    await turn();
    for (let n = 0; n < 130; n++) send(`${n}`, "bob");
    expect(calls.map((call) => call.length)).toEqual([1, 128]);
  });
});
