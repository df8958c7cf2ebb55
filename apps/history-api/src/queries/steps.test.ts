import type { StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { idAt } from "../test/scripted-tail.ts";
import { type RangeQuery, selectRange } from "./range.ts";
import { STEP } from "./sizes.ts";
import { readInSteps } from "./steps.ts";

const stored: StoredMessage[] = Array.from({ length: 3 * STEP + 7 }, (_, n) => ({
  id: idAt(n + 1),
  from: "alice",
  to: "bob",
  content: "x".repeat((n * 37) % 200),
}));
const view = { messages: stored, length: stored.length };
const everything = { after: undefined, before: idAt(stored.length + 1) };

describe("a read in steps", () => {
  const limits = [1, STEP - 1, STEP, STEP + 1, 2 * STEP, 3 * STEP + 6, 3 * STEP + 7, 1_000];
  const sizes = limits.flatMap((limit) => [{ limit }, { limit, maxBytes: 50_000 }, { limit, maxBytes: 1 }]);
  const ranges = [everything, { after: idAt(50), before: idAt(650) }, { after: idAt(9), before: idAt(10) }];

  it.each([true, false])("P51, P53: has the same result as one read (newest: %s)", async (newest) => {
    for (const size of sizes)
      for (const range of ranges) {
        const query: RangeQuery = { ...range, ...size, newest };
        const steps: number[] = [];
        const read = async (step: RangeQuery) => {
          steps.push(step.limit);
          return selectRange(view, step, () => true);
        };
        const result = await readInSteps(query, read, async () => undefined);
        expect(result).toEqual(selectRange(view, query, () => true));
        expect(Math.max(...steps)).toBeLessThanOrEqual(STEP);
      }
  });

  it("G5: gives way between two steps, and not before the first or after the last", async () => {
    const order: string[] = [];
    const read = async (step: RangeQuery) => {
      order.push(`read ${step.limit}`);
      return selectRange(view, step, () => true);
    };
    const giveWay = async () => void order.push("give way");
    await readInSteps({ ...everything, limit: 2 * STEP + 1, newest: false }, read, giveWay);
    expect(order).toEqual([`read ${STEP}`, "give way", `read ${STEP}`, "give way", "read 1"]);
  });
});
