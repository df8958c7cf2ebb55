import { describe, expect, it } from "vitest";
import type { House, HouseKnobs } from "./cluster.ts";
import { SharedHouses } from "./shared-clusters.ts";

/** Houses without walls: all that counts is which one it is and whether it was stopped. */
function rig() {
  const started: { readonly knobs: HouseKnobs | undefined; isStopped: boolean }[] = [];
  const cleared: House[] = [];
  const start = async (knobs?: HouseKnobs): Promise<House> => {
    const state = { knobs, isStopped: false };
    started.push(state);
    const stop = async (): Promise<void> => void Object.assign(state, { isStopped: true });
    return { stop } as House;
  };
  const houses = new SharedHouses(start, async (house) => void cleared.push(house));
  return { houses, started, cleared };
}

describe("shared houses", () => {
  it("a house in which everything held is cleared and handed on, and stopped at the end", async () => {
    const { houses, started, cleared } = rig();
    const house = await houses.take();
    await houses.leave(house, true);
    expect(cleared).toEqual([house]);
    expect(await houses.take()).toBe(house);
    await houses.leave(house, true);
    expect(started).toMatchObject([{ isStopped: false }]);
    await houses.close();
    expect(started).toMatchObject([{ isStopped: true }]);
  });

  it("one that is lived in is nobody else's", async () => {
    const { houses } = rig();
    expect(await houses.take()).not.toBe(await houses.take());
  });

  it("one in which something fell is not handed on", async () => {
    const { houses, started } = rig();
    const house = await houses.take();
    await houses.leave(house, false);
    expect(started).toMatchObject([{ isStopped: true }]);
    expect(await houses.take()).not.toBe(house);
  });

  it("one that was made for a fault is that fault's alone", async () => {
    const { houses, started } = rig();
    const knobs = { env: { BACKLOG_MAX_ENTRIES: "1" } };
    await houses.leave(await houses.take(), true);
    await houses.leave(await houses.take(knobs), true);
    expect(started).toMatchObject([
      { knobs: undefined, isStopped: false },
      { knobs, isStopped: true },
    ]);
  });
});
