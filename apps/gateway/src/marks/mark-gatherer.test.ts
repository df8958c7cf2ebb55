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
