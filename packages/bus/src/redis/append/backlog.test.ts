import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appended, Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { GROUP, LOG, META, REFS } from "../test/names.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

async function roles({ bus }: Rig, options: Parameters<Rig["bus"]>[0]): Promise<[Appender, Consumer]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => ORIGIN });
  const append = one.append();
  await until(() => !consume.problem() && !append.problem(), "the log exists");
  return [append, consume];
}

async function storeAll(consume: Consumer, count: number): Promise<void> {
  for (let stored = 0; stored < count; ) {
    const batch = await consume.next(AbortSignal.timeout(5_000));
    await consume.settle(batch.map(({ entry }) => ({ entry, outcome: { kind: "stored" } })));
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

describe.skipIf(!rig)("the backlog in Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  it("L7: at the bound in entries, drafts get backlog_full with a time to retry, and nothing unstored is trimmed", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    const results = await append.append(many(15));
    expect(counted(results)).toEqual({ ok: 10, backlog_full: 5 });
    const [full] = results.filter((result) => !result.ok);
    expect(full?.ok === false && full.error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(await redis.raw.xlen(LOG)).toBe(10);
    // The messages are delivered but not settled, so they aren't stored yet.
    await consume.next(AbortSignal.timeout(5_000));
    expect(counted(await append.append(many(1)))).toEqual({ backlog_full: 1 });
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(append.problem()).toBeUndefined();
  });

  it("L7: stored entries are trimmed whatever their age, and make room at once", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    await append.append(many(10));
    await storeAll(consume, 10);
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(counted(await append.append(many(12)))).toEqual({ ok: 10, backlog_full: 2 });
    expect(await redis.raw.xlen(LOG)).toBe(10);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 10 });
  });

  it("L7: at the bound in bytes, a smaller draft may still have room", async () => {
    const [append] = await roles(redis, { backlogMaxBytes: 2_000 });
    const results = await append.append([
      publicDraft("x".repeat(1_000)),
      publicDraft("y".repeat(1_000)),
      publicDraft("z"),
    ]);
    expect(results.map(codeOf)).toEqual(["ok", "backlog_full", "ok"]);
  });

  it("L5: at the bound of refs, a known ref is answered and a new one is refused", async () => {
    const [append, consume] = await roles(redis, { dedupeMaxRefs: 10 });
    expect(counted(await append.append(many(15, "r")))).toEqual({ ok: 10, backlog_full: 5 });
    await storeAll(consume, 10);
    const [full] = await append.append([publicDraft("new", "s")]);
    expect(full?.ok === false && full.error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(counted(await append.append(many(15, "r")))).toEqual({ ok: 10, backlog_full: 5 });
    expect(counted(await append.append(many(5)))).toEqual({ ok: 5 });
    expect(await redis.raw.xlen(LOG)).toBe(15);
    expect(append.problem()).toBeUndefined();
  });

  /** Makes all refs `ms` older. */
  async function age(ms: number): Promise<void> {
    const [state = ""] = REFS;
    const [seen = 0, now = 0] = ((await redis.raw.hget(state, "clock")) ?? "").split(" ").map(Number);
    await redis.raw.hset(state, "clock", `${seen} ${now + ms}`);
  }

  async function send(append: Appender, ref: string): Promise<string> {
    const [appended] = await append.append([publicDraft(ref, ref)]);
    return appended?.ok ? appended.id : codeOf(appended);
  }

  it("L5: a ref is known for one window, and for at most half a window more; then it makes room", async () => {
    const [append] = await roles(redis, { dedupeWindowMs: 60_000, dedupeMaxRefs: 5 });
    const r = await send(append, "r");
    await age(30_000);
    const s = await send(append, "s");
    await age(30_000);
    await send(append, "t");
    await age(20_000);
    await send(append, "u");
    expect([await send(append, "r"), await send(append, "s")]).toEqual([r, s]);
    await send(append, "v");
    expect(await send(append, "w")).toBe("backlog_full");
    // The first ref ("r") is 90 s old now, the second ("s") 60 s.
    await age(10_000);
    expect(await send(append, "s")).toBe(s);
    const again = await send(append, "r");
    expect(again).toMatch(/^\d/);
    expect(again).not.toBe(r);
    expect(await send(append, "w")).toBe("backlog_full");
  });

  it("L5: a gateway with a longer window uses its own", async () => {
    const [short] = await roles(redis, { dedupeWindowMs: 20_000 });
    const [long] = await roles(redis, { dedupeWindowMs: 60_000 });
    const first = await send(short, "r");
    for (const ref of ["s", "t"]) {
      await age(10_000);
      await send(short, ref);
    }
    await age(30_000);
    await send(long, "u");
    expect(await send(long, "r")).toBe(first);
  });

  it("L13: a ref stands for the id that it got last", async () => {
    const [append] = await roles(redis, { dedupeWindowMs: 60_000 });
    const first = await send(append, "r");
    await age(30_000);
    await send(append, "s");
    const [older = "", newer = ""] = REFS.slice(2);
    const [[name = "", value = ""] = []] = Object.entries(await redis.raw.hgetall(older));
    expect(value).toMatch(new RegExp(`${streamIdOf(first)}$`));
    await redis.raw.hset(newer, name, value.replace(streamIdOf(first), "1752674400000-7"));
    expect(await send(append, "r")).toBe("1752674400000-0000000007-00");
  });

  it("L5: a clock that jumps ahead makes no ref expire early", async () => {
    const [append] = await roles(redis, { dedupeWindowMs: 60_000 });
    const [first] = (await append.append([publicDraft("x", "r")])).map(idOf);
    for (const hours of [1, 2]) {
      await redis.raw.xadd(LOG, `${Date.now() + hours * 3_600_000}-1`, "v", "3");
      await append.append([publicDraft("y", `after ${hours}`)]);
    }
    expect((await append.append([publicDraft("x", "r")])).map(idOf)).toEqual([first]);
  });

  it("L7: entries without valid counts neither fill the backlog nor hide it", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 10 });
    const before = await append.append(many(4));
    for (let i = 0; i < 30; i += 1) await redis.raw.xadd(LOG, "*", "v", "9", "n", "99999", "b", "5");
    await append.append(many(4));
    expect(await consume.trim()).toMatchObject({ backlogEntries: 8 });
    // The first four messages are stored. The next entries have no valid counts, so the last known counts stay in use.
    await redis.raw.xgroup("SETID", LOG, GROUP, streamIdOf(idOf(before[3])));
    expect(await consume.trim()).toMatchObject({ backlogEntries: 8 });
    await redis.raw.xgroup("SETID", LOG, GROUP, "$");
    expect(await consume.trim()).toMatchObject({ backlogEntries: 0, backlogBytes: 0 });
    expect(counted(await append.append(many(12)))).toEqual({ ok: 10, backlog_full: 2 });
  });

  it("L7: out of memory, stored entries are trimmed to make room for the next call", async () => {
    const [append, consume] = await roles(redis, {});
    const large = Array.from({ length: 400 }, (_, i) => publicDraft(`${i}${"x".repeat(8_000)}`));
    await append.append(large);
    await storeAll(consume, large.length);
    const used = Number(/used_memory:(\d+)/.exec(await redis.raw.info("memory"))?.[1]);
    await redis.raw.config("SET", "maxmemory", String(used - 1_000_000));
    // Redis checks only the first write of a script, so no XADD may follow the trim in the same call.
    expect(counted(await append.append(many(3)))).toEqual({ unavailable: 3 });
    await until(async () => codeOf((await append.append(many(1)))[0]) === "ok", "drafts are appended again");
    expect(await redis.raw.hget(META, "entries")).toBe("401");
  });
});
