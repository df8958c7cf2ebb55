import { until } from "@parley/async";
import { expect, it } from "vitest";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";
import { LogFollower } from "./log-follower.ts";

/** No request is refused for having waited too long. */
const FOREVER_MS = 600_000;
const ENTRY = { position: "1700000000000-2", version: "2", what: "edit" };
const refused = expect.objectContaining({
  code: "unavailable",
  retryAfterMs: expect.any(Number),
  message: expect.stringContaining("later version"),
});

/** Follows a log with one message, then an entry of a later version and another message. */
async function withBlockedFollower(
  retryMs: number,
  test: (follower: LogFollower, tail: ScriptedTail) => Promise<void>,
): Promise<void> {
  const tail = new ScriptedTail();
  const retry = { minMs: retryMs, maxMs: 2 * retryMs };
  const limits = { catchUpMs: FOREVER_MS, maxBytes: 1_000_000, retry };
  const follower = new LogFollower({ tail, observe: () => undefined, limits, now: () => 0 });
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  tail.append(message(1));
  await until(() => follower.problem() === undefined);
  tail.end = idAt(3);
  try {
    await test(follower, tail);
  } finally {
    stop.abort();
    await running;
  }
}

it("L10: a request that waits for an entry of a later version, and each later request, is refused at once", () =>
  withBlockedFollower(FOREVER_MS, async (follower, tail) => {
    const waiting = expect(follower.snapshot()).rejects.toEqual(refused);
    await until(() => tail.positions > 1);
    tail.unknown = ENTRY;
    await waiting;
    await expect(follower.snapshot()).rejects.toEqual(refused);
    expect(follower.problem()).toContain("1700000000000-2 (version 2, edit): upgrade this process");
  }));

it("L10: once the entry is gone, requests are answered again", () =>
  withBlockedFollower(1, async (follower, tail) => {
    tail.unknown = ENTRY;
    await until(() => follower.problem() !== undefined);
    tail.unknown = undefined;
    tail.append(message(3));
    await until(() => follower.problem() === undefined);
    const { pending } = await follower.snapshot();
    expect(pending.entries.map(({ id }) => id)).toEqual([idAt(1), idAt(3)]);
  }));
