import { ORIGIN } from "@parley/models";
import { afterAll, describe, expect, it } from "vitest";
import { namesOf, type Place } from "./format/keys.ts";
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

  it("L25, L38: names the log, its format, and logs under former names that may be this installation's", async () => {
    await redis.reset();
    const observe = () => undefined;
    const create = (place: Place, store: string) =>
      ensureLog(
        redis.raw,
        { lastStored: async () => ORIGIN, storeName: async () => store },
        { names: { ...namesOf(place), former: [] }, observe },
      );
    await create({ db: 0 }, "production");
    const facts = (namespace?: string) => inspectRedis(redis.server.url, namespace);
    expect(await facts()).toMatchObject({ tag: "{parley}", logFormat: "2", logEntries: 0, formerLogs: [] });
    const former = (isOurs: boolean) => [{ tag: "{parley}", entries: 0, isOurs }];
    expect(await facts("a")).toMatchObject({
      tag: "{parley:a}",
      logFormat: undefined,
      formerLogs: former(false),
    });
    await create({ db: 0, namespace: "a" }, "staging");
    expect((await facts("a")).formerLogs).toEqual([]);
    await create({ db: 0, namespace: "b" }, "production");
    expect((await facts("b")).formerLogs).toEqual(former(true));
    await redis.raw.hdel(names.meta, "store");
    expect((await facts("a")).formerLogs).toEqual(former(false));
    await redis.raw.set(namesOf({ db: 0, namespace: "c" }).log, "moved to {parley}:log");
    expect((await facts("c")).logEntries).toBeUndefined();
  });
});
