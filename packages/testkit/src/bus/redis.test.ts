import { RedisBus } from "@parley/bus/redis";
import { afterAll, describe } from "vitest";
import { redisServer } from "../servers.ts";
import { describeBus } from "./contract.ts";
import { redisCommand } from "./redis-rig.ts";

const redis = await redisServer();

describe.skipIf(!redis)("over a real Redis", () => {
  afterAll(() => redis?.stop());
  describeBus("RedisBus", async ({ maxEntries, ...refs }) => {
    if (!redis) throw new Error("skipped");
    await redisCommand(redis.url, "FLUSHALL");
    const limits = { ...refs, ...(maxEntries !== undefined && { backlogMaxEntries: maxEntries }) };
    const bus = () => new RedisBus({ url: redis.url, ...limits });
    const [gateway, persister, history] = [bus(), bus(), bus()];
    const close = async () => {
      await Promise.all([gateway, persister, history].map((one) => one.close()));
    };
    const setClockAhead = async (ms: number) => {
      if (ms > 0) await redisCommand(redis.url, "XSETID", "{parley}:log", `${Date.now() + ms}-0`);
    };
    return { gateway, persister, history, setClockAhead, close };
  });
});
