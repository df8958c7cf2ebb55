import { until } from "@parley/async";
import { ChatError, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../consumer.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { consuming } from "../test/consume-rig.ts";
import { GROUP, LOG, META } from "../test/names.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED: Outcome = { kind: "stored" };

describe.skipIf(!rig)("trimming", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());
  const { persister, next, settle, append } = consuming(redis);

  it("L12: trims entries that are stored and old, and none that another consumer holds", async () => {
    const consume = await persister({ trimMinAgeMs: 0, claimIdleMs: 60_000 });
    const ids = await append("a", "b", "c", "d");
    await redis.raw.xreadgroup("GROUP", GROUP, "other", "COUNT", 1, "STREAMS", LOG, ">");
    await settle(consume, await next(consume), STORED);
    const held = await consume.trim();
    expect(held).toMatchObject({ end: ids[3], backlogEntries: 4 });
    expect(held.watermark < (ids[0] ?? "")).toBe(true);
    expect(await redis.raw.xlen(LOG)).toBe(4);
    await redis.raw.xack(LOG, GROUP, streamIdOf(ids[0] ?? ""));
    await until(async () => {
      expect(await consume.trim()).toMatchObject({ watermark: ids[3], backlogEntries: 0, backlogBytes: 0 });
      return (await redis.raw.xlen(LOG)) === 0;
    }, "all are trimmed");
    expect(await redis.raw.hget(META, "trimmed")).toBe(streamIdOf(ids[3] ?? ""));
    expect(redis.events).toContainEqual({ type: "trim", entries: 4 });
  });

  it("L12, F17: keeps stored entries for the minimum age, whatever the time in their ids, and no longer", async () => {
    const consume = await persister({ trimMinAgeMs: 1_000 });
    const body = '"from":"a","to":"","content":"x"';
    const [past, future] = [`${Date.now() - 86_400_000}-7`, `${Date.now() + 86_400_000}-7`];
    for (const [n, id] of [past, future].entries())
      await redis.raw.xadd(LOG, id, "v", "1", "m", body, "n", n, "b", n * 100);
    await redis.raw.hset(META, "entries", 2, "bytes", 200);
    await settle(consume, await next(consume), STORED);
    const storedAt = performance.now();
    await until(async () => {
      await consume.trim();
      return (await redis.raw.xlen(LOG)) === 0;
    }, "both are trimmed");
    expect(performance.now() - storedAt).toBeGreaterThan(999);
    expect(await redis.raw.hget(META, "trimmed")).toBe(future);
  });

  it("L12: measures the log while the store is away, although nothing is consumed", async () => {
    await persister({});
    await append("a", "b");
    const consume = redis.bus().consume({
      lastStored: () =>
        Promise.reject(new ChatError("unavailable", { cause: new Error("the store is down") })),
    });
    await until(
      async () => (await consume.trim().catch(() => undefined))?.backlogEntries === 2,
      "the backlog is known",
    );
    expect(consume.problem()).toContain("the store is down");
  });

  it("L12: never trims entries that weren't delivered yet", async () => {
    const consume = await persister({ trimMinAgeMs: 0 });
    const [first = ""] = await append("a", "b");
    expect(await consume.trim()).toMatchObject({ watermark: ORIGIN, backlogEntries: 2 });
    expect((await redis.raw.xrange(LOG, "-", "+"))[0]?.[0]).toBe(streamIdOf(first));
  });
});
