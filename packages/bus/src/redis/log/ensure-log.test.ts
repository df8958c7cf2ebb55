import { formatId, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Consumer } from "../../consumer.ts";
import { GROUP, LOG, META } from "../format/keys.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { idOf, publicDraft, type Rig, startRig, until } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED = formatId({ ms: 1_700_000_000_000, seq: 5 });

describe.skipIf(!rig)("the making of the log", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  const persister = (lastStored = STORED): Consumer =>
    redis.bus().consume({ lastStored: async () => lastStored });
  const ready = (...all: Consumer[]) => until("they are ready", () => all.every((one) => !one.problem()));
  const warnings = () => redis.events.flatMap((event) => (event.type === "warning" ? [event.text] : []));
  const lastId = async () => {
    const info = (await redis.raw.xinfo("STREAM", LOG)) as unknown[];
    return info[info.indexOf("last-generated-id") + 1];
  };

  it("L1: several persisters that start at once make one log, above the store", async () => {
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

  it("L1: makes none while the store cannot say how far it is, and says so", async () => {
    let down = true;
    const consume = redis.bus().consume({
      lastStored: async () => {
        if (down) throw new Error("the store is away");
        return ORIGIN;
      },
    });
    await until("it says so", () => consume.problem()?.includes("the store is away"));
    expect(await redis.raw.exists(LOG)).toBe(0);
    down = false;
    await ready(consume);
    expect(await redis.raw.exists(LOG)).toBe(1);
  });

  it("L1: a log that stands below the store is raised above it, and counts as another one", async () => {
    await ready(persister(ORIGIN));
    const epoch = await redis.raw.hget(META, "epoch");
    const ahead = formatId({ ms: Date.now() + 3_600_000, seq: 3 });
    await ready(persister(ahead));
    expect(await lastId()).toBe(streamIdOf(ahead));
    expect(await redis.raw.hget(META, "epoch")).not.toBe(epoch);
    expect(warnings()).toEqual([expect.stringContaining("below the store")]);
  });

  it("L3: a log that is as it should be keeps its epoch and its counts", async () => {
    const bus = redis.bus();
    await ready(persister());
    const append = bus.append();
    await until("it can append", () => !append.problem());
    await append.append([publicDraft("x")]);
    const meta = await redis.raw.hgetall(META);
    await ready(persister());
    expect(await redis.raw.hgetall(META)).toEqual(meta);
    expect(warnings()).toEqual([]);
  });

  it("F7: after a FLUSHALL the log is made again by whoever consumes, and goes on", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => STORED });
    const append = bus.append();
    await until("all is ready", () => !consume.problem() && !append.problem());
    const stop = new AbortController();
    const next = consume.next(stop.signal);
    await redis.raw.flushall();
    await until("it is made again", () => redis.events.filter((e) => e.type === "log-created").length === 2);
    await until("it can append", async () => (await append.append([publicDraft("x")]))[0]?.ok);
    expect((await next).map(({ message }) => message.content)).toEqual(["x"]);
  });

  it("repairs a group that was destroyed: everything in the log is given out again", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until("all is ready", () => !consume.problem() && !append.problem());
    const ids = (await append.append([publicDraft("a"), publicDraft("b")])).map(idOf);
    const first = await consume.next(AbortSignal.timeout(5_000));
    await consume.settle(first.map(({ message }) => ({ message, outcome: { kind: "stored" } })));
    await redis.raw.xgroup("DESTROY", LOG, GROUP);
    const again = await consume.next(AbortSignal.timeout(5_000));
    expect(again.map(({ message }) => message.id)).toEqual(ids);
    expect(warnings()).toEqual([expect.stringContaining("made again")]);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 2 });
  });

  it("repairs counts that were deleted, from what the entries say", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until("all is ready", () => !consume.problem() && !append.problem());
    await append.append(["a", "b", "c"].map((content) => publicDraft(content)));
    await redis.raw.del(META);
    await expect(consume.trim()).rejects.toMatchObject({ code: "unavailable" });
    await until("the counts are back", async () => (await redis.raw.hget(META, "entries")) === "3");
    await until("it is ready", () => !consume.problem());
    expect(await consume.trim()).toMatchObject({ backlogEntries: 3 });
    expect((await append.append([publicDraft("d")])).map(idOf).length).toBe(1);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 4 });
  });

  it("a stream that a hand began is taken over, and stands above the store", async () => {
    await redis.raw.xadd(LOG, "5-5", "foo", "bar");
    await ready(persister());
    expect(await lastId()).toBe(streamIdOf(STORED));
    expect(await redis.raw.hget(META, "trimmed")).toBe("5-4");
  });

  it("a key of another type in the log's place is a problem, and is left alone", async () => {
    await redis.raw.set(LOG, "something");
    const consume = persister();
    await until("it says so", () => consume.problem()?.includes("holds a string"));
    expect(await redis.raw.get(LOG)).toBe("something");
  });

  it("out of memory no half log is made", async () => {
    await redis.raw.config("SET", "maxmemory", "1mb");
    const consume = persister();
    await until("it says so", () => consume.problem()?.includes("OOM"));
    expect(await redis.raw.keys("*")).toEqual([]);
    await redis.raw.config("SET", "maxmemory", "0");
    await ready(consume);
  });
});
