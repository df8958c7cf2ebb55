import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import type { Appended, Appender } from "@parley/bus";
import { formatId, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Connection } from "../connection/connection.ts";
import { FlushPolicy } from "../outbound/flush-policy.ts";
import { Outbox } from "../outbound/write-scheduler.ts";
import { ChatSocket } from "../upgrade/socket-server.ts";
import { Sends } from "./message-appender.ts";

/** Sends to a log that keeps the calls and has answered one, beside an outbox that begins to rest for so long. */
async function resting(maxDelayMs: number) {
  const calls: string[][] = [];
  const append: Appender = {
    problem: () => undefined,
    append: async (drafts) => {
      calls.push(drafts.map(({ content }) => content));
      return drafts.map((_, seq): Appended => ({ ok: true, id: formatId({ ms: calls.length, seq }) }));
    },
  };
  const ignore = () => undefined;
  const policy = new FlushPolicy({ maxDelayMs });
  const outbox = new Outbox<Connection>({
    ...{ everybody: new Set(), policy },
    ...{ tooSlow: ignore, observe: ignore },
  });
  const sends = new Sends({
    ...{ append, outbox, policy, maxUnanswered: 256 },
    ...{ observe: ignore, settled: ignore },
  });
  // As ws's own server makes them.
  const ws = new ChatSocket(null as unknown as string, undefined, {});
  const connection = new Connection(ws, new PassThrough(), {
    ...{ id: "1", user: "alice", address: "", speaksChat: true, expiresAt: 0, cursor: ORIGIN },
    ...{ maxPendingBytes: 1e6, openedAt: 0, slot: 0 },
  });
  const say = (content: string, to = "") => sends.send(connection, { from: "alice", to, content });
  say("first");
  await sends.idle();
  calls.pop();
  policy.passed(performance.now(), { ms: maxDelayMs / 2, publicFrames: 50 });
  return { sends, calls, say };
}

describe("while the outbox rests", () => {
  it("P13: public drafts gather; a private one waits for nothing, and takes along what was sent before it", async () => {
    const { calls, say } = await resting(60_000);
    say("1");
    await turn();
    say("2");
    await turn();
    expect(calls).toEqual([]);
    say("private", "bob");
    await turn();
    expect(calls).toEqual([["1", "2", "private"]]);
  });

  it("and leave by themselves before it has rested", async () => {
    const { calls, say } = await resting(50);
    say("1");
    await until(() => calls.length > 0, "the call");
    expect(calls).toEqual([["1"]]);
  });

  it("L6: as much as one call takes, in number or in size, waits for nothing", async () => {
    const { calls, say } = await resting(60_000);
    for (let n = 0; n < 130; n++) say(`${n}`);
    for (let n = 0; n < 33; n++) say("x".repeat(8_192));
    expect(calls.map((call) => call.length)).toEqual([128, 34]);
  });

  it("P41: nothing is left behind by who waits for all answers", async () => {
    const { sends, calls, say } = await resting(60_000);
    say("1");
    await sends.idle();
    expect(calls).toEqual([["1"]]);
  });
});
