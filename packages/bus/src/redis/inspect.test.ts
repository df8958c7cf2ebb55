import { ORIGIN } from "@parley/models";
import { afterAll, describe, expect, it } from "vitest";
import { inspectRedis } from "./inspect.ts";
import { ensureLog } from "./log/ensure-log.ts";
import { LOG, names } from "./test/names.ts";
import { type Rig, startRig } from "./test/redis-rig.ts";

const rig = await startRig();

const DAY_MS = 86_400_000;

describe.skipIf(!rig)("inspectRedis", () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());

  it("F17: tells how far the log is ahead of this machine's clock", async () => {
    const lead = async () => (await inspectRedis(redis.server.url)).logAheadMs;
    expect(await lead()).toBeUndefined();
    await ensureLog(redis.raw, { lastStored: async () => ORIGIN }, { names, observe: () => undefined });
    expect(await lead()).toBeLessThan(0);
    await redis.raw.call("XSETID", LOG, `${Date.now() + DAY_MS}-7`);
    expect(await lead()).toBeGreaterThan(DAY_MS - 60_000);
    expect(await lead()).toBeLessThanOrEqual(DAY_MS);
    expect((await inspectRedis(redis.server.url)).logEntries).toBe(0);
  });
});
