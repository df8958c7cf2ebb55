import { until } from "@parley/async";
import { ChatError, formatId, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Consumer } from "../../consumer.ts";
import { contentOf, messageOf } from "../../test/entries.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { GROUP, LOG, META } from "../test/names.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED = formatId({ ms: 1_700_000_000_000, seq: 5 });

describe.skipIf(!rig)("creating and repairing the log", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  const persister = (lastStored = STORED): Consumer =>
    redis.bus().consume({ lastStored: async () => lastStored });
  const ready = (...all: Consumer[]) =>
    until(() => all.every((one) => !one.problem()), "the persisters are ready");
  const warnings = () => redis.events.flatMap((event) => (event.type === "warning" ? [event.text] : []));
  const lastId = async () => {
    const info = (await redis.raw.xinfo("STREAM", LOG)) as unknown[];
    return info[info.indexOf("last-generated-id") + 1];
  };

  it("L1: several persisters that start at once create one log, above the store", async () => {
    await ready(...Array.from({ length: 6 }, () => persister()));
    expect(redis.events.filter(({ type }) => type === "log-created")).toEqual([
      { type: "log-created", at: STORED },
    ]);
    expect(await redis.raw.hgetall(META)).toMatchObject({
      trimmed: streamIdOf(STORED),
      entries: "0",
      bytes: "0",
    });
    expect(await lastId()).toBe(streamIdOf(STORED));
  });

  it("L1: creates no log while the store's last id is unknown, and reports why", async () => {
    let down = true;
    const consume = redis.bus().consume({
      lastStored: async () => {
        if (down) throw new ChatError("unavailable", { cause: new Error("the store is down") });
        return ORIGIN;
      },
    });
    await until(() => consume.problem()?.includes("the store is down"), "the problem says so");
    expect(await redis.raw.exists(LOG)).toBe(0);
    down = false;
    await ready(consume);
    expect(await redis.raw.exists(LOG)).toBe(1);
  });

  it("L1: a log that ends below the store is raised above the store, and counts as replaced", async () => {
    await ready(persister(ORIGIN));
    const epoch = await redis.raw.hget(META, "epoch");
    const ahead = formatId({ ms: Date.now() + 3_600_000, seq: 3 });
    await ready(persister(ahead));
    expect(await lastId()).toBe(streamIdOf(ahead));
    expect(await redis.raw.hget(META, "epoch")).not.toBe(epoch);
    expect(redis.events.filter(({ type }) => type === "log-raised").length).toBe(1);
  });

  it("L3: an intact log keeps its epoch and its counts", async () => {
    const bus = redis.bus();
    await ready(persister());
    const append = bus.append();
    await until(() => !append.problem(), "the appender is ready");
    await append.append([publicDraft("x")]);
    const meta = await redis.raw.hgetall(META);
    await ready(persister());
    expect(await redis.raw.hgetall(META)).toEqual(meta);
    expect(warnings()).toEqual([]);
  });

  it("F7: after a FLUSHALL a consumer creates the log again, and messages flow", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => STORED });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "both roles are ready");
    const stop = new AbortController();
    const next = consume.next(stop.signal);
    await redis.raw.flushall();
    await until(
      () => redis.events.filter((e) => e.type === "log-created").length === 2,
      "the log is created again",
    );
    await until(async () => (await append.append([publicDraft("x")]))[0]?.ok, "a draft is appended");
    expect((await next).map(contentOf)).toEqual(["x"]);
  });

  it("repairs a group that was destroyed: everything in the log is delivered again", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "both roles are ready");
    const ids = (await append.append([publicDraft("a"), publicDraft("b")])).map(idOf);
    const first = await consume.next(AbortSignal.timeout(5_000));
    await consume.settle(first.map(({ entry }) => ({ entry, outcome: { kind: "stored" } })));
    await redis.raw.xgroup("DESTROY", LOG, GROUP);
    const again = await consume.next(AbortSignal.timeout(5_000));
    expect(again.map((one) => messageOf(one).id)).toEqual(ids);
    expect(warnings()).toEqual([expect.stringContaining("created again")]);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 2 });
  });

  it("repairs counts that were deleted, from the counts in the entries", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "both roles are ready");
    await append.append(["a", "b", "c"].map((content) => publicDraft(content)));
    await redis.raw.del(META);
    await expect(consume.trim()).rejects.toMatchObject({ code: "unavailable" });
    await until(async () => (await redis.raw.hget(META, "entries")) === "3", "the counts are back");
    await until(() => !consume.problem(), "the consumer is ready");
    expect(await consume.trim()).toMatchObject({ backlogEntries: 3 });
    expect((await append.append([publicDraft("d")])).map(idOf).length).toBe(1);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 4 });
  });

  it("takes over a stream that was created by hand, and raises it above the store", async () => {
    await redis.raw.xadd(LOG, "5-5", "foo", "bar");
    await ready(persister());
    expect(await lastId()).toBe(streamIdOf(STORED));
    expect(await redis.raw.hget(META, "trimmed")).toBe("5-4");
  });

  it("reports a key of another type in the log's place, and doesn't change it", async () => {
    await redis.raw.set(LOG, "something");
    const consume = persister();
    await until(() => consume.problem()?.includes("holds a string"), "the problem says so");
    expect(await redis.raw.get(LOG)).toBe("something");
  });

  it("creates nothing if Redis is out of memory", async () => {
    await redis.raw.config("SET", "maxmemory", "1mb");
    const consume = persister();
    await until(() => consume.problem()?.includes("OOM"), "the problem says so");
    expect(await redis.raw.keys("*")).toEqual([]);
    await redis.raw.config("SET", "maxmemory", "0");
    await ready(consume);
  });
});
