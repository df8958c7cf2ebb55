import { expect, it } from "vitest";
import { bareCommands } from "../call.ts";
import { figuresOf } from "../gateways.ts";
import { usersOfGateways } from "./bus-log.ts";

it("each user writes to a user of another gateway, and each gateway has as many users", () => {
  const gateways = usersOfGateways(16, 8);
  expect(gateways.map((users) => users.length)).toEqual(Array.from({ length: 8 }, () => 2));
  const gatewayOf = new Map(gateways.flatMap((users, index) => users.map(({ name }) => [name, index])));
  expect(gatewayOf.size).toBe(16);
  for (const { name, partner } of gateways.flat())
    expect(gatewayOf.get(partner)).toBe(((gatewayOf.get(name) ?? 0) + 1) % 8);
});

it("sums up the results of all processes", () => {
  const one = { acked: 90, refused: 10, heard: 180, calls: 60, latencies: [1_000, 3_000] };
  const figures = figuresOf([
    { ...one, firstDueAt: 0, lastAt: 1_000_000 },
    { ...one, heard: 175, firstDueAt: 1_000, lastAt: 2_000_000 },
  ]);
  expect(figures).toMatchObject({ messages: 180, rate: 90, perCall: 1.5, lost: 5, refused: 20 });
  expect(figures).toMatchObject({ p50: 1, p99: 3, p999: 3 });
});

it("the bare commands of each draft have a ref of their own, and reach both users", () => {
  const names = bareCommands(7).map(([name]) => name);
  expect(names).toEqual(["XADD", "HSET", "PUBLISH", "PUBLISH"]);
  expect(bareCommands(7)[1]).not.toEqual(bareCommands(8)[1]);
  expect(
    bareCommands(7)
      .slice(2)
      .map(([, channel]) => channel),
  ).toEqual(["bench:user:user-7", "bench:user:user-8"]);
});
