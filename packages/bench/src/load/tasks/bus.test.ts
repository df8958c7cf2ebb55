import { RedisBus } from "@parley/bus/redis";
import { ORIGIN } from "@parley/models";
import { redisServer } from "@parley/testkit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { figuresOf } from "../../scenarios/gateways.ts";
import { usersOfGateways } from "../../scenarios/steps/bus-log.ts";
import { startLoad } from "../load.ts";
import { waitUntilDone } from "../wait.ts";
import type { BusTasks } from "./bus.ts";

const redis = await redisServer();

describe.skipIf(redis === undefined)("gateways that consist of their bus", { timeout: 60_000 }, () => {
  afterAll(() => redis?.stop());

  it("append at a steady rate, hear each message twice, and make calls one at a time", async () => {
    const url = redis?.url ?? "";
    const bus = new RedisBus({ url });
    onTestFinished(() => bus.close());
    const consumer = bus.consume({ lastStored: async () => ORIGIN });
    const isReady = () => consumer.problem() === undefined;
    await waitUntilDone(isReady, () => 0, { quietMs: 10_000, maxMs: 10_000 });
    const load = startLoad<BusTasks>("bus");
    onTestFinished(() => load.stop());
    await load.call("open", { url, users: usersOfGateways(10, 2), hears: true });
    const limits = { quietMs: 10_000, maxMs: 20_000 };
    const result = await load.call("paced", { perSecond: 200, count: 40, bytes: 100, limits });
    expect(result).toMatchObject({ acked: 40, refused: 0, heard: 80 });
    expect(result.latencies).toHaveLength(40);
    expect(result.calls).toBeGreaterThan(0);
    const times = await load.call("oneAtATime", { drafts: 5, bytes: 100, ms: 50 });
    expect(times.length).toBeGreaterThan(0);
    const again = await load.call("paced", { perSecond: 200, count: 10, bytes: 100, limits });
    expect(figuresOf([result, again])).toMatchObject({ messages: 50, lost: 0, refused: 0 });
  });
});
