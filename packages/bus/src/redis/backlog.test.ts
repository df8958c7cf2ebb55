import { ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Append, Appended } from "../append.ts";
import type { Consume } from "../consume.ts";
import { DEDUPE_COUNTS, GROUP, LOG, META } from "./keys.ts";
import { streamIdOf } from "./positions.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig, until } from "./test-rig.ts";

const rig = await startRig();

async function roles({ bus }: Rig, options: Parameters<Rig["bus"]>[0]): Promise<[Append, Consume]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => ORIGIN });
  const append = one.append();
  await until("the log is there", () => !consume.problem() && !append.problem());
  return [append, consume];
}

async function storeAll(consume: Consume, count: number): Promise<void> {
  for (let stored = 0; stored < count; ) {
    const batch = await consume.next(AbortSignal.timeout(5_000));
    await consume.settle(batch.map(({ message }) => ({ message, outcome: { kind: "stored" } })));
    stored += batch.length;
  }
}

const many = (count: number, ref?: string) =>
  Array.from({ length: count }, (_, i) => publicDraft(`m${i}`, ref && `${ref}${i}`));

function counted(results: readonly Appended[]): Record<string, number> {
  const codes = results.map(codeOf);
  return Object.fromEntries(
    [...new Set(codes)].map((code) => [code, codes.filter((c) => c === code).length]),
  );
}

describe.skipIf(!rig)("the backlog over Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  it("L7: at the bound in entries drafts get backlog_full and a time, and nothing un-stored is trimmed", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    const results = await append.append(many(15));
    expect(counted(results)).toEqual({ ok: 10, backlog_full: 5 });
    const [full] = results.filter((result) => !result.ok);
    expect(full?.ok === false && full.error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(await redis.raw.xlen(LOG)).toBe(10);
    // Given out and not settled: still not stored.
    await consume.next(AbortSignal.timeout(5_000));
    expect(counted(await append.append(many(1)))).toEqual({ backlog_full: 1 });
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(append.problem()).toBeUndefined();
  });

  it("L7: what has been stored makes room at once, and is trimmed whatever its age", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    await append.append(many(10));
    await storeAll(consume, 10);
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(counted(await append.append(many(12)))).toEqual({ ok: 10, backlog_full: 2 });
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 10 });
  });

  it("L7: at the bound in bytes a smaller draft may still have room", async () => {
    const [append] = await roles(redis, { backlogMaxBytes: 2_000 });
    const results = await append.append([
      publicDraft("x".repeat(1_000)),
      publicDraft("y".repeat(1_000)),
      publicDraft("z"),
    ]);
    expect(results.map(codeOf)).toEqual(["ok", "backlog_full", "ok"]);
  });

  it("L5: at the bound a known ref is answered, and a new one is refused rather than not remembered", async () => {
    const [append, consume] = await roles(redis, { backlogMaxBytes: 148 * 20 });
    const first = await append.append(many(30, "r"));
    const taken = counted(first).ok ?? 0;
    expect(taken).toBeGreaterThan(5);
    expect(taken).toBeLessThan(20);
    await storeAll(consume, taken);
    // Nothing is left in the backlog but the keys.
    const second = await append.append(many(30, "s"));
    expect((await redis.raw.keys("{parley}:ref:*")).length).toBe(taken + (counted(second).ok ?? 0));
    expect(counted(await append.append(many(taken, "r")))).toEqual({ ok: taken });
    expect(counted(await append.append([publicDraft("new", "t")]))).toEqual({ backlog_full: 1 });
  });

  it("L5: keys count for the window, minute by minute", async () => {
    const [append, consume] = await roles(redis, { backlogMaxBytes: 148 * 20, dedupeWindowMs: 60_000 });
    const taken = counted(await append.append(many(30, "r"))).ok ?? 0;
    await storeAll(consume, taken);
    expect(counted(await append.append(many(30, "s"))).backlog_full).toBeGreaterThan(0);
    const total = Number(await redis.raw.hget(DEDUPE_COUNTS, "total"));
    // As if they had been made three minutes ago, in one minute, and looked at then.
    const then = Math.floor(Date.now() / 60_000) - 3;
    await redis.raw.del(DEDUPE_COUNTS);
    await redis.raw.hset(DEDUPE_COUNTS, { [then]: total, total, pruned: then });
    await append.append([publicDraft("no ref")]);
    expect(await redis.raw.hget(DEDUPE_COUNTS, "total")).toBe("0");
    expect(counted(await append.append([publicDraft("again", "t")]))).toEqual({ ok: 1 });
  });

  it("L5: keys of a minute that has passed are let go, also after the clock was ahead", async () => {
    const [append] = await roles(redis, { dedupeWindowMs: 60_000 });
    const minute = Math.floor(Date.now() / 60_000);
    await redis.raw.hset(DEDUPE_COUNTS, {
      [minute - 5]: 7,
      [minute + 60]: 3,
      total: 10,
      pruned: minute + 60,
    });
    await append.append([publicDraft("x", "x")]);
    expect(await redis.raw.hget(DEDUPE_COUNTS, "total")).toBe("4");
  });

  it("L7: entries that no Parley has counted neither fill the backlog nor hide it", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    const before = await append.append(many(4));
    for (let i = 0; i < 30; i += 1) await redis.raw.xadd(LOG, "*", "v", "9", "n", "99999", "b", "5");
    await append.append(many(4));
    expect(await consume.trim()).toMatchObject({ backlogEntries: 8 });
    // The first four are stored; what follows says nothing to be trusted, so the last known counts stand.
    await redis.raw.xgroup("SETID", LOG, GROUP, streamIdOf(idOf(before[3])));
    expect(await consume.trim()).toMatchObject({ backlogEntries: 8 });
    await redis.raw.xgroup("SETID", LOG, GROUP, "$");
    expect(await consume.trim()).toMatchObject({ backlogEntries: 0, backlogBytes: 0 });
    expect(counted(await append.append(many(12)))).toEqual({ ok: 10, backlog_full: 2 });
  });

  it("L7: out of memory what is stored makes room for the next call", async () => {
    const [append, consume] = await roles(redis, {});
    const large = Array.from({ length: 400 }, (_, i) => publicDraft(`${i}${"x".repeat(8_000)}`));
    await append.append(large);
    await storeAll(consume, large.length);
    const used = Number(/used_memory:(\d+)/.exec(await redis.raw.info("memory"))?.[1]);
    await redis.raw.config("SET", "maxmemory", String(used - 1_000_000));
    // Redis checks a script's first write only: what follows the trim must not slip in behind it.
    expect(counted(await append.append(many(3)))).toEqual({ unavailable: 3 });
    await until("it goes on", async () => codeOf((await append.append(many(1)))[0]) === "ok");
    expect(await redis.raw.hget(META, "entries")).toBe("401");
  });
});
