import { until } from "@parley/async";
import { type LogMessage, refKey } from "@parley/models";
import { StoreUnavailable } from "@parley/store";
import { describe, expect, it } from "vitest";
import { TailRefs } from "../log-tail/tail-refs.ts";
import { message } from "../test/scripted-tail.ts";
import { RefLookup } from "./ref-lookup.ts";

const OPEN = new AbortController().signal;
const PENDING = Array.from({ length: 1_200 }, (_, n) => message(n + 1, { ref: `r${n}` }));

interface Call {
  readonly messages: readonly LogMessage[];
  answer(holders?: readonly LogMessage[]): void;
  fail(error: unknown): void;
}

/** A lookup over a store whose answers the test gives, and the refs of a tail with `PENDING`. */
function rig() {
  const calls: Call[] = [];
  const asked = { remembered: 0, asked: 0 };
  const store = {
    findByRef(messages: readonly LogMessage[]) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly LogMessage[]>();
      calls.push({ messages, answer: (holders = []) => resolve(holders), fail: reject });
      return promise;
    },
  };
  const lookup = new RefLookup(store, (event) => {
    if (event.type !== "refs") return;
    asked.remembered += event.remembered;
    asked.asked += event.asked;
  });
  const refs = new TailRefs();
  for (const each of PENDING) refs.add(each);
  return { lookup, refs, calls, asked };
}

/** Answers all calls, as they come, until `done` settles. */
async function answerAll(calls: readonly Call[], done: Promise<unknown>): Promise<void> {
  let at = 0;
  let isDone = false;
  void done.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const call of calls.slice(at)) call.answer();
    at = calls.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("looking up refs", () => {
  it("F25: many requests for the same pending messages ask the store once for each, in batches", async () => {
    const { lookup, refs, calls, asked } = rig();
    const finds = Promise.all(Array.from({ length: 10 }, () => lookup.find(PENDING, refs, OPEN)));
    await answerAll(calls, finds);
    expect((await finds).flat()).toEqual([]);
    expect(calls.map(({ messages }) => messages.length)).toEqual([500, 500, 200]);
    expect(await lookup.find(PENDING, refs, OPEN)).toEqual([]);
    expect(calls).toHaveLength(3);
    expect(asked).toEqual({ remembered: 1_200, asked: 12_000 });
  });

  it("returns the holders, those from the store and the remembered ones", async () => {
    const { lookup, refs, calls } = rig();
    const [one, two] = PENDING.slice(0, 2) as [LogMessage, LogMessage];
    const holder = { ...one, id: message(5_000).id };
    const first = lookup.find([one], refs, OPEN);
    calls[0]?.answer([holder]);
    expect(await first).toEqual([holder]);
    const both = lookup.find([one, two], refs, OPEN);
    expect(calls[1]?.messages).toEqual([two]);
    calls[1]?.answer([two]);
    expect(await both).toEqual([holder, two]);
  });

  it("P56: a ref that can't be remembered is asked after the call, never earlier, and one question is in flight", async () => {
    const { lookup, refs, calls } = rig();
    const again = message(2_000, { ref: "r0" });
    refs.add(again);
    const first = lookup.find([again], refs, OPEN);
    const second = lookup.find([again], refs, OPEN);
    const third = lookup.find([again], refs, OPEN);
    expect(calls).toHaveLength(1);
    calls[0]?.answer();
    expect(await first).toEqual([]);
    await until(() => calls.length === 2);
    const holder = { ...again, id: message(3_000).id };
    calls[1]?.answer([holder]);
    expect(await second).toEqual([holder]);
    expect(await third).toEqual([holder]);
    expect(calls.flatMap(({ messages }) => messages.map(refKey))).toHaveLength(2);
  });

  it("G5: a request that gives up ends at once, and what only it waited for isn't asked", async () => {
    const { lookup, refs, calls } = rig();
    const [one, two, three] = PENDING as [LogMessage, LogMessage, LogMessage];
    const first = lookup.find([one], refs, OPEN);
    const leaving = new AbortController();
    const second = lookup.find([two], refs, leaving.signal);
    const third = lookup.find([three], refs, OPEN);
    leaving.abort(new Error("nobody waits any more"));
    await expect(second).rejects.toThrow("nobody waits any more");
    calls[0]?.answer();
    await first;
    await until(() => calls.length === 2);
    expect(calls[1]?.messages).toEqual([three]);
    calls[1]?.answer();
    await third;
  });

  it("F25: a failure rejects for those who waited, and after a slow answer the batches are smaller", async () => {
    const { lookup, refs, calls } = rig();
    const first = lookup.find(PENDING.slice(0, 500), refs, OPEN);
    calls[0]?.fail(new StoreUnavailable("slow"));
    await expect(first).rejects.toMatchObject({ problem: "slow" });
    const second = lookup.find(PENDING.slice(0, 200), refs, OPEN);
    await answerAll(calls, second);
    await second;
    expect(calls.slice(1).map(({ messages }) => messages.length)).toEqual([125, 75]);
  });
});
