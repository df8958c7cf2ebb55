import { until } from "@parley/async";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../consumer.ts";
import { contentOf, messageOf } from "../../test/entries.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { resolveScript } from "../script/resolve-script.ts";
import { readLua } from "../script/script-text.ts";
import { REMOVE_CONSUMERS } from "../script/scripts.ts";
import { consuming } from "../test/consume-rig.ts";
import { DEAD_LETTERS, GROUP, LOG } from "../test/names.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED: Outcome = { kind: "stored" };

describe.skipIf(!rig)("consume over Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());
  const { persister, appender, next, settle, contents, pendingOf, append } = consuming(redis);

  it("L10: a dead consumer's entries are taken over, with their delivery count, and a claim is reported", async () => {
    const consume = await persister({ claimIdleMs: 150 });
    await append("a", "b");
    await redis.raw.xreadgroup("GROUP", GROUP, "dead", "COUNT", 1, "STREAMS", LOG, ">");
    const first = await next(consume);
    const second = await next(consume);
    const byContent = Object.fromEntries(
      [...first, ...second].map((one) => [contentOf(one), one.deliveries]),
    );
    expect(byContent).toEqual({ a: 2, b: 1 });
    expect(redis.events).toContainEqual({ type: "claim", entries: 1 });
  });

  it("F2: a slow consumer keeps its entries, a dead one's are taken over, and both consumers may settle", async () => {
    const [slow, other] = [await persister({ claimIdleMs: 1_500 }), await persister({ claimIdleMs: 1_500 })];
    await append("slow's");
    const held = await next(slow);
    await append("dead's");
    await redis.raw.xreadgroup("GROUP", GROUP, "dead", "COUNT", 1, "STREAMS", LOG, ">");
    // The dead consumer's entry is taken over, although it is the newer one. The slow consumer's entry is not.
    const taken = await next(other);
    expect(contents(taken)).toEqual(["dead's"]);
    await settle(slow, held, STORED);
    await settle(other, taken, STORED);
    expect(await pendingOf()).toEqual([]);
  });

  it("L13: an entry settled twice, by the frozen consumer and by the one that took over, is settled", async () => {
    const consume = await persister({ claimIdleMs: 150 });
    const [id = ""] = await append("a");
    await redis.raw.xreadgroup("GROUP", GROUP, "frozen", "COUNT", 1, "STREAMS", LOG, ">");
    const taken = await next(consume);
    expect(await redis.raw.xack(LOG, GROUP, streamIdOf(id))).toBe(1);
    await settle(consume, taken, STORED);
    expect(await consume.trim()).toMatchObject({ backlogEntries: 0 });
  });

  it("L10: a failed message is delivered again and again, others are settled, and the watermark stays before it", async () => {
    const consume = await persister({ claimIdleMs: 600 });
    const [a = ""] = await append("a", "bad", "c");
    const batch = await next(consume);
    await consume.settle(
      batch.map((one) => ({
        entry: one.entry,
        outcome: contentOf(one) === "bad" ? { kind: "failed", reason: "x" } : STORED,
      })),
    );
    for (const deliveries of [2, 3, 4]) {
      const again = await next(consume);
      expect(again).toMatchObject([{ entry: { content: "bad" }, deliveries }]);
      const { watermark, backlogEntries } = await consume.trim();
      expect(watermark >= a).toBe(true);
      expect(backlogEntries).toBe(2);
      await settle(consume, again, { kind: "failed", reason: "x" });
    }
  });

  it("L10: a message that keeps failing does not hold up new ones", async () => {
    const consume = await persister({ claimIdleMs: 20 });
    const gateway = await appender();
    await gateway.append([publicDraft("bad")]);
    for (let i = 0; i < 5; i += 1) {
      await gateway.append([publicDraft(`new ${i}`)]);
      const seen: string[] = [];
      for (let turns = 0; !seen.includes(`new ${i}`); turns += 1) {
        expect(turns).toBeLessThan(8);
        const batch = await next(consume);
        // Wait here and after settling, so that retries and claims are due when the next batch is read.
        await new Promise((resolve) => setTimeout(resolve, 30));
        seen.push(...contents(batch));
        await consume.settle(
          batch.map((one) => ({
            entry: one.entry,
            outcome: contentOf(one) === "bad" ? { kind: "failed", reason: "x" } : STORED,
          })),
        );
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
  });

  it("L13: while Redis is down settle rejects, and the same messages are delivered again", async () => {
    const consume = await persister();
    await append("a");
    const batch = await next(consume);
    await redis.server.kill("SIGKILL");
    await expect(settle(consume, batch, STORED)).rejects.toMatchObject({ code: "unavailable" });
    await redis.server.restart();
    const again = await next(consume);
    expect(contents(again)).toEqual(["a"]);
    await settle(consume, again, STORED);
    expect(await pendingOf()).toEqual([]);
  });

  it("L13: after an id conflict a message is appended again with its ref and a new id, and the old entry is gone", async () => {
    const consume = await persister();
    const gateway = await appender();
    const [id = ""] = (await gateway.append([publicDraft("taken", "r")])).map(idOf);
    await settle(consume, await next(consume), { kind: "idConflict" });
    const [event] = redis.events.filter((e) => e.type === "id-conflict");
    expect(event).toMatchObject({ id });
    const again = await next(consume);
    expect(again).toMatchObject([{ entry: { content: "taken", ref: "r" }, deliveries: 1 }]);
    const newId = again[0] ? messageOf(again[0]).id : "";
    expect(newId > id).toBe(true);
    expect((await redis.raw.xrange(LOG, "-", "+")).map(([one]) => one)).toEqual([streamIdOf(newId)]);
    expect((await gateway.append([publicDraft("taken", "r")])).map(idOf)).toEqual([newId]);
    // If another consumer reports the same conflict later, the message isn't appended a third time.
    await consume.settle([{ entry: { id, ...publicDraft("taken", "r") }, outcome: { kind: "idConflict" } }]);
    expect(await redis.raw.xlen(LOG)).toBe(1);
  });

  it("L13: while Redis is out of memory an id conflict stays pending, and is settled later", async () => {
    const consume = await persister({ claimIdleMs: 600 });
    await append("taken");
    const batch = await next(consume);
    await redis.raw.config("SET", "maxmemory", "1mb");
    await expect(settle(consume, batch, { kind: "idConflict" })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect((await pendingOf()).length).toBe(1);
    await redis.raw.config("SET", "maxmemory", "0");
    await settle(consume, await next(consume), { kind: "idConflict" });
    expect(contents(await next(consume))).toEqual(["taken"]);
  });

  it("L10: an entry of a newer format stays pending, is reported once, and holds up nothing", async () => {
    const consume = await persister({ claimIdleMs: 100 });
    await append("a");
    const newer = await redis.raw.xadd(LOG, "*", "v", "3", "x", "y");
    await append("b");
    expect(contents(await next(consume))).toEqual(["a", "b"]);
    const stop = new AbortController();
    const waiting = consume.next(stop.signal);
    const claims = async () =>
      Number(/cmdstat_xautoclaim:calls=(\d+)/.exec(await redis.raw.info("commandstats"))?.[1]);
    const before = await claims();
    await until(async () => (await claims()) > before + 5, "it was claimed several times");
    stop.abort();
    expect(await waiting).toEqual([]);
    expect(redis.events.filter((e) => e.type === "newer-format")).toEqual([
      { type: "newer-format", position: newer, version: "3" },
    ]);
    expect((await pendingOf()).map(({ id }) => id)).toContain(newer);
  });

  it("L11: close removes a consumer that holds nothing", async () => {
    const consume = await persister();
    await append("a");
    await settle(consume, await next(consume), STORED);
    await consume.bus.close();
    expect(await redis.raw.xinfo("CONSUMERS", LOG, GROUP)).toEqual([]);
  });

  it("L11: close keeps a consumer that holds entries, and others take them over at once", async () => {
    const options = { claimIdleMs: 25_000 };
    const [leaving, staying] = [await persister(options), await persister(options)];
    await append("a");
    await next(leaving);
    await leaving.bus.close();
    expect((await pendingOf()).length).toBe(1);
    const started = performance.now();
    expect(contents(await next(staying))).toEqual(["a"]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("L11: silent consumers are removed if they hold nothing; others are not", async () => {
    await persister();
    await append("a");
    await redis.raw.xreadgroup("GROUP", GROUP, "holds", "COUNT", 1, "STREAMS", LOG, ">");
    await redis.raw.xgroup("CREATECONSUMER", LOG, GROUP, "silent");
    const consumers = async () =>
      ((await redis.raw.xinfo("CONSUMERS", LOG, GROUP)) as unknown[][]).map((info) => info[1]);
    await REMOVE_CONSUMERS.run(redis.raw, [LOG], [GROUP, "", 60_000]);
    expect(await consumers()).toEqual(["holds", "silent"]);
    await until(async () => {
      await REMOVE_CONSUMERS.run(redis.raw, [LOG], [GROUP, "", 5]);
      return !(await consumers()).includes("silent");
    }, "it was silent for 5 ms");
    expect(await consumers()).toEqual(["holds"]);
  });

  it("reports pending entries that were deleted by hand", async () => {
    const consume = await persister({ claimIdleMs: 100 });
    const [id = ""] = await append("a");
    await redis.raw.xreadgroup("GROUP", GROUP, "dead", "COUNT", 1, "STREAMS", LOG, ">");
    await redis.raw.xdel(LOG, streamIdOf(id));
    const stop = new AbortController();
    const waiting = consume.next(stop.signal);
    await until(
      () => redis.events.some((e) => e.type === "warning" && /deleted/.test(e.text)),
      "the warning is reported",
    );
    stop.abort();
    await waiting;
    expect(await pendingOf()).toEqual([]);
  });

  it("reports an entry that was deleted by hand in the millisecond of its delivery", async () => {
    await persister();
    const [id = ""] = await append("a");
    const claimIdle = resolveScript("claim_idle", readLua);
    // In a transaction no time passes.
    const replies = await redis.raw
      .multi()
      .xreadgroup("GROUP", GROUP, "dead", "COUNT", 1, "STREAMS", LOG, ">")
      .xdel(LOG, streamIdOf(id))
      .eval(claimIdle, 1, LOG, GROUP, "alive", 100, "0-0", 10)
      .exec();
    expect(replies?.[2]?.[1]).toEqual(["0-0", [], [], [streamIdOf(id)]]);
    expect(await pendingOf()).toEqual([]);
  });

  it("several consumers share the log: each message goes to one of them", async () => {
    const all = await Promise.all([persister(), persister(), persister()]);
    const gateway = await appender();
    const drafts = Array.from({ length: 3_000 }, (_, i) => publicDraft(`m${i}`));
    const seen: string[] = [];
    const stop = new AbortController();
    const working = all.map(async (consume) => {
      while (!stop.signal.aborted) {
        const batch = await consume.next(stop.signal);
        seen.push(...contents(batch));
        await settle(consume, batch, STORED);
      }
    });
    await gateway.append(drafts);
    await until(() => seen.length >= drafts.length, "all are consumed");
    stop.abort();
    await Promise.all(working);
    expect(new Set(seen).size).toBe(drafts.length);
    expect(seen.length).toBe(drafts.length);
    expect(await redis.raw.exists(DEAD_LETTERS)).toBe(0);
  });

  it("delivers a message to one of two concurrent calls only", async () => {
    const consume = await persister();
    const both = [next(consume), next(consume)];
    await until(
      async () => /cmd=xreadgroup/.test(String(await redis.raw.client("LIST"))),
      "they are reading",
    );
    await append("a");
    const first = await Promise.race(both);
    expect(contents(first)).toEqual(["a"]);
    await append("b");
    expect((await Promise.all(both)).flatMap(contents).sort()).toEqual(["a", "b"]);
  });

  it("reports a refusal by Redis until reading works again", async () => {
    const consume = await persister();
    await redis.raw.acl("SETUSER", "default", "-xautoclaim");
    const stop = new AbortController();
    const reading = consume.next(stop.signal);
    await until(() => consume.problem()?.includes("Redis refuses"), "the problem is reported");
    await redis.raw.acl("SETUSER", "default", "+@all");
    await append("a");
    expect(contents(await reading)).toEqual(["a"]);
    expect(consume.problem()).toBeUndefined();
  });

  it("the entries of an aborted read are returned by the next call", async () => {
    const consume = await persister();
    const stop = new AbortController();
    const first = consume.next(stop.signal);
    await until(async () => /cmd=xreadgroup/.test(String(await redis.raw.client("LIST"))), "it is reading");
    stop.abort();
    expect(await first).toEqual([]);
    await append("a");
    expect(await next(consume)).toMatchObject([{ entry: { content: "a" }, deliveries: 1 }]);
  });
});
