import { setImmediate as nextTurn } from "node:timers/promises";
import { ORIGIN } from "@parley/models";
import type { Redis } from "ioredis";
import { expect, it } from "vitest";
import { GATHER_MS, Gathering } from "./gathering.ts";
import { JoinBatcher } from "./join-batcher.ts";
import { Subscriptions } from "./subscriptions.ts";

it("G5: a change that comes alone waits for no time, and changes that follow each other closely share a command", async () => {
  let time = 1_000;
  const waits: number[] = [];
  const gathering = new Gathering({
    now: () => time,
    wait: async (ms) => {
      waits.push(ms);
      time += ms;
    },
  });
  await gathering.next();
  expect(waits).toEqual([]);
  time += 0.5;
  await gathering.next();
  expect(waits).toEqual([GATHER_MS - 0.5]);
  await gathering.next();
  expect(waits).toEqual([GATHER_MS - 0.5, GATHER_MS]);
  time += GATHER_MS;
  await gathering.next();
  expect(waits).toHaveLength(2);
});

it("P70: the subscriber connections of messages and of marks change their subscriptions in the same turn", async () => {
  let waits = 0;
  const { promise: timeIsOver, resolve: endTime } = Promise.withResolvers<void>();
  const gathering = new Gathering({
    now: () => 0,
    wait: () => {
      waits += 1;
      return timeIsOver;
    },
  });
  await gathering.next();
  const order: string[] = [];
  const callers = ["messages", "marks"].map((name) => gathering.next().then(() => order.push(name)));
  await nextTurn();
  expect(order).toEqual([]);
  endTime();
  await Promise.all(callers);
  expect([waits, order]).toEqual([1, ["messages", "marks"]]);
});

it("L17: joins that follow each other closely share one SUBSCRIBE and one read of the log's end", async () => {
  const commands: (readonly string[])[] = [];
  const client = { subscribe: async (...users: string[]) => void commands.push(users) } as unknown as Redis;
  let reads = 0;
  const { promise: timeIsOver, resolve: endTime } = Promise.withResolvers<void>();
  const batcher = new JoinBatcher({
    subscriptions: new Subscriptions((user) => user, []),
    connection: () => client,
    cursorGeneration: () => 1,
    readEnd: async () => {
      reads += 1;
      return ORIGIN;
    },
    onConnectionFailed: () => expect.unreachable(),
    problem: () => undefined,
    gathering: new Gathering({ now: () => 0, wait: () => timeIsOver }),
  });
  await batcher.join("alone");
  const joins = [batcher.join("bob")];
  await nextTurn();
  joins.push(batcher.join("carol"));
  await nextTurn();
  expect(commands).toEqual([["alone"]]);
  endTime();
  await Promise.all(joins);
  expect(commands).toEqual([["alone"], ["bob", "carol"]]);
  expect(reads).toBe(2);
});
