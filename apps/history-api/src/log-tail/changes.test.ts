import { until } from "@parley/async";
import { expect, it, onTestFinished } from "vitest";
import { edit, idAt, message, ScriptedTail } from "../test/scripted-tail.ts";
import { LogFollower } from "./log-follower.ts";

it("L28, L20: the follower reaches a change at the log's end, and holds it until 30 s after the watermark passed it", async () => {
  const tail = new ScriptedTail();
  let clock = 0;
  const limits = { catchUpMs: 5_000, maxBytes: 1_000_000, retry: { minMs: 1, maxMs: 2 } };
  const follower = new LogFollower({ tail, observe: () => undefined, limits, now: () => clock });
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const held = async () => {
    const { changes } = await follower.snapshot();
    return changes.entries.slice(0, changes.length);
  };
  const nextWatermark = async () => {
    const { watermarks } = tail;
    await until(() => tail.watermarks > watermarks + 1);
  };
  tail.append(message(1));
  await until(() => follower.problem() === undefined);
  const change = edit(2, message(1));
  tail.append(change);
  expect([await held(), (await follower.snapshot()).position]).toEqual([[change], idAt(2)]);
  const passing = setInterval(() => {
    clock += 1_000;
  }, 1);
  onTestFinished(() => clearInterval(passing));
  await nextWatermark();
  expect(await held()).toEqual([change]);
  tail.stored = idAt(2);
  await until(async () => (await held()).length === 0, "the change is dropped");
  expect(clock).toBeGreaterThan(30_000);
});
