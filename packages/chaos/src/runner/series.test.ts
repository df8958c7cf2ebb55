import { describe, expect, it } from "vitest";
import { describeProgress, planRuns, runInParallel } from "./series.ts";

describe("a series", () => {
  const faults = [{ id: "F1" }, { id: "F18", isRandom: true as const }];
  const plan = (times: number, schedules: number) =>
    planRuns(faults, { seed: 7, times, schedules }).map(({ fault, seed }) => `${fault.id}:${seed}`);

  it("starts with every fault once, with the given seed", () => {
    expect(plan(1, 1)).toEqual(["F1:7", "F18:7"]);
  });

  it("runs every fault `times` times, and a random one `schedules` times, each with its own seed", () => {
    expect(plan(2, 4)).toEqual(["F1:7", "F18:7", "F1:8", "F18:8", "F18:9", "F18:10"]);
    expect(plan(2, 1)).toEqual(["F1:7", "F18:7", "F1:8"]);
  });

  it("describes its progress, and estimates the time that is left", () => {
    expect(describeProgress(3, 12, 0, 180_000)).toBe("3 of 12 runs done; 9 left, about 9 min");
    expect(describeProgress(12, 12, 2, 180_000)).toBe("12 of 12 runs done, 2 fell; none left");
  });
});

describe("work in parallel", () => {
  it("never exceeds the limit, and its results are in the order of the items", async () => {
    const gates = new Map<number, () => void>();
    const results = runInParallel([0, 1, 2, 3], 2, async (item) => {
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

  it("is sequential with a limit of one, and resolves with nothing for no items", async () => {
    const started: number[] = [];
    await runInParallel([1, 2], 1, async (item) => void started.push(item));
    expect(started).toEqual([1, 2]);
    expect(await runInParallel([], 3, async () => 1)).toEqual([]);
  });
});
