import { describe, expect, it } from "vitest";
import { beside, planned, progressWords } from "./series.ts";

describe("a series", () => {
  const faults = [{ id: "F1" }, { id: "F18", isDrawn: true as const }];
  const plan = (times: number, schedules: number) =>
    planned(faults, { seed: 7, times, schedules }).map(({ fault, seed }) => `${fault.id}:${seed}`);

  it("begins with every fault once, with the seed that was given", () => {
    expect(plan(1, 1)).toEqual(["F1:7", "F18:7"]);
  });

  it("runs every fault so often, and what is drawn as often as it was asked for, each with its own seed", () => {
    expect(plan(2, 4)).toEqual(["F1:7", "F18:7", "F1:8", "F18:8", "F18:9", "F18:10"]);
    expect(plan(2, 1)).toEqual(["F1:7", "F18:7", "F1:8"]);
  });

  it("says how far it is, and how long the rest will be at that pace", () => {
    expect(progressWords(3, 12, 0, 180_000)).toBe("3 of 12 runs done; 9 left, about 9 min");
    expect(progressWords(12, 12, 2, 180_000)).toBe("12 of 12 runs done, 2 fell; none left");
  });
});

describe("work beside each other", () => {
  it("is never more than was asked for at a time, and its results are in the order of the items", async () => {
    const gates = new Map<number, () => void>();
    const results = beside([0, 1, 2, 3], 2, async (item) => {
      await new Promise<void>((resolve) => gates.set(item, resolve));
      return item * 10;
    });
    const finish = async (item: number): Promise<void> => {
      gates.get(item)?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    expect([...gates.keys()]).toEqual([0, 1]);
    await finish(1);
    expect([...gates.keys()]).toEqual([0, 1, 2]);
    await finish(2);
    await finish(0);
    await finish(3);
    expect(await results).toEqual([0, 10, 20, 30]);
  });

  it("is one after the other where only one was asked for, and nothing where there is nothing", async () => {
    const began: number[] = [];
    await beside([1, 2], 1, async (item) => void began.push(item));
    expect(began).toEqual([1, 2]);
    expect(await beside([], 3, async () => 1)).toEqual([]);
  });
});
