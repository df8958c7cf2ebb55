import { expect, it } from "vitest";
import { pace } from "./pace.ts";

it("sends each message at its scheduled time and flushes messages due at the same moment together", async () => {
  const due: number[] = [];
  let unflushed = 0;
  const firstDueAt = await pace(
    { perSecond: 10_000, count: 50 },
    (n, dueAt) => {
      expect(n).toBe(due.length);
      due.push(dueAt);
      unflushed += 1;
    },
    () => {
      unflushed = 0;
    },
  );
  expect(due).toEqual(Array.from({ length: 50 }, (_, n) => firstDueAt + n * 100));
  expect(unflushed).toBe(0);
});
