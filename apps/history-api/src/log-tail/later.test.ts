import { until } from "@parley/async";
import { expect, it, onTestFinished } from "vitest";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";
import { LogFollower, type TailSnapshot } from "./log-follower.ts";

function idsOf({ pending: { entries, length } }: TailSnapshot): string[] {
  return entries.slice(0, length).map(({ id }) => id);
}

it("L19, P50: a later part of an answer gets the tail as it is then, and none until the follower is back at its end", async () => {
  const tail = new ScriptedTail();
  const limits = { catchUpMs: 5_000, maxBytes: 1_000_000, retry: { minMs: 1, maxMs: 2 } };
  const follower = new LogFollower({ tail, observe: () => undefined, limits, now: () => 0 });
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  tail.append(message(1), message(2));
  await until(() => follower.problem() === undefined);
  const { position } = await follower.snapshot("alice:bob");
  tail.append(message(3));
  await until(() => idsOf(follower.later(position, "alice:bob")).length === 3);
  tail.readable = "";
  tail.isLost = true;
  await until(() => follower.problem() !== undefined);
  const unavailable = expect.objectContaining({ code: "unavailable", retryAfterMs: expect.any(Number) });
  expect(() => follower.later(position, "alice:bob")).toThrow(unavailable);
  tail.readable = idAt(3);
  await until(() => follower.problem() === undefined);
  expect(idsOf(follower.later(position, "alice:bob"))).toEqual([idAt(1), idAt(2), idAt(3)]);
});
