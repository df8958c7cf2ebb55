import type { Redis } from "ioredis";
import { expect, it } from "vitest";
import { Gathering } from "./gathering.ts";
import { JoinBatcher } from "./join-batcher.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A batcher whose connection answers at once. `readEnd` gets the number of its call, from 1. */
function batcherWith(
  readEnd: (call: number) => Promise<string | undefined>,
  generation = () => 1,
): JoinBatcher {
  const connection = { subscribe: async () => undefined } as unknown as Redis;
  let calls = 0;
  return new JoinBatcher({
    subscriptions: new Subscriptions((user) => user, []),
    connection: () => connection,
    cursorGeneration: generation,
    readEnd: () => {
      calls += 1;
      return readEnd(calls);
    },
    onConnectionFailed: () => expect.unreachable(),
    problem: () => undefined,
    gathering: new Gathering(),
  });
}

it("L17: a join whose cursor became invalid while it was read gets a later one", async () => {
  let generation = 1;
  const readEnd = async (call: number) => {
    if (call === 1) generation += 1;
    return `cursor ${call}`;
  };
  expect(await batcherWith(readEnd, () => generation).join("alice")).toBe("cursor 2");
});

it("L17: a request to process joins that comes while the end can't be read isn't lost", async () => {
  const batcher = batcherWith(async (call) => {
    if (call > 1) return `cursor ${call}`;
    batcher.process();
    return undefined;
  });
  expect(await batcher.join("alice")).toBe("cursor 2");
});
