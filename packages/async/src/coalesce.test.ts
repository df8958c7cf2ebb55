import { describe, expect, it } from "vitest";
import { coalesce } from "./coalesce.ts";

/** Shared reads that are numbered in the order in which they begin. The test ends each of them. */
function reads() {
  const begun: PromiseWithResolvers<void>[] = [];
  let atOnce = 0;
  let most = 0;
  const shared = coalesce(async () => {
    const own = Promise.withResolvers<void>();
    const number = begun.push(own);
    atOnce += 1;
    most = Math.max(most, atOnce);
    await own.promise.finally(() => {
      atOnce -= 1;
    });
    return number;
  });
  return { shared, begun, most: () => most };
}

describe("coalesce", () => {
  it("P56: each caller gets a read that began after its call, and all waiting callers share one", async () => {
    const { shared, begun } = reads();
    const first = shared();
    const second = shared();
    const third = shared();
    expect(begun).toHaveLength(1);
    begun[0]?.resolve();
    expect(await first).toBe(1);
    expect(begun).toHaveLength(2);
    const fourth = shared();
    begun[1]?.resolve();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    begun[2]?.resolve();
    expect(await fourth).toBe(3);
  });

  it("a failed read rejects for its own callers only", async () => {
    const { shared, begun } = reads();
    const first = shared();
    const second = shared();
    begun[0]?.reject(new Error("no answer"));
    await expect(first).rejects.toThrow("no answer");
    begun[1]?.resolve();
    expect(await second).toBe(2);
  });

  it("G5: at most one read is in flight at a time, for any number of callers at any time", async () => {
    const { shared, begun, most } = reads();
    const all: Promise<number>[] = [];
    for (let round = 0; round < 50; round += 1) {
      all.push(shared());
      begun.at(-1)?.resolve();
      for (let turn = 0; turn < round % 7; turn += 1) await Promise.resolve();
      all.push(shared());
    }
    while (most() > 0) {
      begun.at(-1)?.resolve();
      const settled = await Promise.race([Promise.all(all), new Promise((resolve) => setImmediate(resolve))]);
      if (settled !== undefined) break;
    }
    expect(most()).toBe(1);
  });
});
