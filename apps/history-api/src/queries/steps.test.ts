import type { StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { idAt } from "../test/scripted-tail.ts";
import { type RangeQuery, selectRange } from "./range.ts";
import { StepSize } from "./step-size.ts";
import { readInSteps, SmallReads } from "./steps.ts";

const STEP = 25;

/** Steps of a slow store: all of them are small. */
function slowStore(): StepSize {
  const stepSize = new StepSize();
  stepSize.took(100, 1_000);
  stepSize.took = () => undefined;
  return stepSize;
}

const stored: StoredMessage[] = Array.from({ length: 12 * STEP + 7 }, (_, n) => ({
  id: idAt(n + 1),
  from: "alice",
  to: "bob",
  content: "x".repeat((n * 37) % 200),
}));
const view = { entries: stored, length: stored.length };
const everything = { after: undefined, before: idAt(stored.length + 1) };

describe("a read in steps", () => {
  const limits = [1, 100, 101, 102, 5 * STEP, 5 * STEP + 1, stored.length - 1, stored.length, 1_000];
  const sizes = limits.flatMap((limit) => [{ limit }, { limit, maxBytes: 50_000 }, { limit, maxBytes: 1 }]);
  const ranges = [everything, { after: idAt(50), before: idAt(250) }, { after: idAt(9), before: idAt(10) }];

  it.each([true, false])("P51, P53: has the same result as one read (newest: %s)", async (newest) => {
    for (const size of sizes)
      for (const range of ranges) {
        const query: RangeQuery = { ...range, ...size, newest };
        const steps: number[] = [];
        const read = async (step: RangeQuery) => {
          steps.push(step.limit);
          return selectRange(view, step, () => true);
        };
        const result = await readInSteps(query, read, {
          stepSize: slowStore(),
          giveWay: async () => undefined,
        });
        expect(result).toEqual(selectRange(view, query, () => true));
        expect(Math.max(...steps)).toBeLessThanOrEqual(query.limit > 101 ? STEP : query.limit);
      }
  });

  it("G5: gives way between two steps, and not before the first or after the last", async () => {
    const order: string[] = [];
    const read = async (step: RangeQuery) => {
      order.push(`read ${step.limit}`);
      return selectRange(view, step, () => true);
    };
    const giveWay = async () => void order.push("give way");
    const stepSize = slowStore();
    await readInSteps({ ...everything, limit: 102, newest: false }, read, { stepSize, giveWay });
    const [step, pause] = [`read ${STEP}`, "give way"];
    expect(order).toEqual([step, pause, step, pause, step, pause, step, pause, "read 2"]);
    order.length = 0;
    await readInSteps({ ...everything, limit: 101, newest: false }, read, { stepSize, giveWay });
    expect(order).toEqual(["read 101"]);
  });
});

it("G5: small reads that follow each other give way after as many as cost as much as a step", async () => {
  const order: string[] = [];
  const reads = new SmallReads(async () => void order.push("give way"));
  for (const messages of [10, 90, 0, 5, 100, 1]) {
    await reads.next();
    order.push(`read ${messages}`);
    reads.done(messages);
  }
  const pause = "give way";
  expect(order).toEqual(["read 10", "read 90", pause, "read 0", "read 5", "read 100", pause, "read 1"]);
});
