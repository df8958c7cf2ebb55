import { until } from "@parley/async";
import type { ReadMark } from "@parley/bus";
import { formatId } from "@parley/models";
import { expect, it } from "vitest";
import { MarkGatherer } from "./mark-gatherer.ts";

const mark = (user: string, other: string, seq = 1): ReadMark => ({
  user,
  with: other,
  id: formatId({ ms: 1, seq }),
});

function gatherer(limits: { maxMarks: number; maxMarksPerUser: number }) {
  const raised: ReadMark[] = [];
  const created = new MarkGatherer({
    ...limits,
    feed: {
      raise: async (marks) => {
        raised.push(...marks);
        return marks.map(() => "kept");
      },
    },
    observe: () => undefined,
    privateMs: 1e6,
    publicMs: 1e6,
  });
  return { created, raised };
}

it("G5: at its bounds it refuses new marks and says when to come again, and those that wait still grow", async () => {
  const { created, raised } = gatherer({ maxMarks: 3, maxMarksPerUser: 2 });
  created.add(mark("alice", "a"));
  created.add(mark("alice", "b"));
  const refused = expect.objectContaining({ code: "backlog_full", retryAfterMs: 1e6 });
  expect(() => created.add(mark("alice", "c"))).toThrow(refused);
  created.add(mark("bob", "a"));
  expect(() => created.add(mark("carol", "a"))).toThrow(refused);
  created.add(mark("alice", "b", 2));
  await created.close();
  expect(raised).toEqual([mark("alice", "a"), mark("alice", "b", 2), mark("bob", "a")]);
  created.add(mark("carol", "a"));
  await created.close();
});

it("G5: marks that are being raised count too, so the bounds hold while the log is slow and after it has failed", async () => {
  const calls: (PromiseWithResolvers<void> & { marks: readonly ReadMark[] })[] = [];
  const created = new MarkGatherer({
    maxMarks: 3,
    maxMarksPerUser: 2,
    feed: {
      raise: async (marks) => {
        const call = { ...Promise.withResolvers<void>(), marks };
        calls.push(call);
        await call.promise;
        return marks.map(() => "kept");
      },
    },
    observe: () => undefined,
    privateMs: 1,
    publicMs: 1e6,
  });
  const full = expect.objectContaining({ code: "backlog_full" });
  created.add(mark("alice", "a"));
  created.add(mark("alice", "b"));
  for (let failures = 0; failures < 3; failures += 1) {
    await until(() => calls.length === failures + 1, "a call to the log");
    expect(() => created.add(mark("alice", `c${failures}`))).toThrow(full);
    calls[failures]?.reject(new Error("down"));
  }
  await until(() => calls.length === 4, "a call to the log");
  created.add(mark("alice", "b", 2));
  calls[3]?.resolve();
  await until(() => calls.length === 5, "a call with the newer mark");
  expect(calls.map(({ marks }) => marks)).toEqual([
    ...Array.from({ length: 4 }, () => [mark("alice", "a"), mark("alice", "b")]),
    [mark("alice", "b", 2)],
  ]);
  created.add(mark("alice", "c"));
  calls[4]?.resolve();
  await until(() => calls.length === 6, "a call with the last mark");
  calls[5]?.resolve();
  await created.close();
});
