import { expect, it } from "vitest";
import { GATHER_MS, Gathering } from "./gathering.ts";

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
