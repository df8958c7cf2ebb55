import { until } from "@parley/async";
import { type Draft, encodeBody, ORIGIN } from "@parley/models";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appended, Appender } from "../../appender.ts";
import type { Consumed, Consumer, Outcome } from "../../consumer.ts";
import { isWithinShare } from "../../sender-shares.ts";
import { readLua } from "../script/script-text.ts";
import { BACKLOG_SHARES, LOG, META, REFS, REFS_SHARES } from "../test/names.ts";
import { codeOf, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

type Options = Parameters<Rig["bus"]>[0];

async function roles({ bus }: Rig, options: Options): Promise<[Appender, Consumer]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => ORIGIN });
  const append = one.append();
  await until(() => !consume.problem() && !append.problem(), "the log exists");
  return [append, consume];
}

async function gateway({ bus }: Rig, options: Options): Promise<Appender> {
  const append = bus(options).append();
  await until(() => !append.problem(), "the gateway is ready");
  return append;
}

/** A persister that is slower than the senders: it settles only as many of the oldest messages as a test says. */
class SlowPersister {
  readonly #consume: Consumer;
  #taken: Consumed[] = [];

  constructor(consume: Consumer) {
    this.#consume = consume;
  }

  async settle(count: number, outcome: Outcome = { kind: "stored" }): Promise<void> {
    while (this.#taken.length < count)
      this.#taken.push(...(await this.#consume.next(AbortSignal.timeout(5_000))));
    await this.#consume.settle(this.#taken.splice(0, count).map(({ entry }) => ({ entry, outcome })));
  }
}

const from = (sender: string, count: number, ref?: string): Draft[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ from: sender, to: "", content: `${sender} ${i}` },
    ...(ref !== undefined && { ref: `${ref}${i}` }),
  }));

/** `count` messages, each from a sender of its own. */
const crowd = (count: number, name = "s") =>
  Array.from({ length: count }, (_, i) => from(`${name}${i}`, 1)).flat();

const accepted = (results: readonly Appended[]) => results.filter(({ ok }) => ok).length;
const sent = async (append: Appender, drafts: readonly Draft[]) => accepted(await append.append(drafts));

describe.skipIf(!rig)("senders' shares in Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  const overShare = (of: string) =>
    redis.events.reduce((sum, event) => {
      return event.type === "over-share" && event.of === of ? sum + event.drafts : sum;
    }, 0);

  it("L7: with the store stopped, one greedy sender is refused at its share, and ten others fill the rest", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 900 });
    const results = await append.append(from("greedy", 700));
    expect(accepted(results)).toBe(500);
    const [refused] = results.filter(({ ok }) => !ok);
    expect(codeOf(refused)).toBe("backlog_full");
    expect(refused?.ok === false && refused.error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(overShare("backlog")).toBe(200);
    const counts = new Array<number>(10).fill(0);
    for (let round = 0; round < 30; round += 1)
      for (let i = 0; i < 10; i += 1) counts[i] = (counts[i] ?? 0) + (await sent(append, from(`o${i}`, 1)));
    expect(await sent(append, from("greedy", 5))).toBe(0);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    // Many senders with one message each can fill the log up to its bound.
    const left = 900 - (await consume.trim()).backlogEntries;
    expect(await sent(append, crowd(left + 10))).toBe(left);
    expect(await redis.raw.xlen(LOG)).toBe(900);
    expect(append.problem()).toBeUndefined();
  });

  it("L7: bytes have shares too", async () => {
    const [append] = await roles(redis, { backlogMaxBytes: 9_000_000 });
    const large = (sender: string): Draft => ({ from: sender, to: "", content: "x".repeat(8_000) });
    const taken = await sent(
      append,
      Array.from({ length: 900 }, () => large("greedy")),
    );
    expect(taken * 8_100).toBeGreaterThan(4_900_000);
    expect(taken * 8_100).toBeLessThan(5_100_000);
    expect(await sent(append, [large("greedy"), large("alice"), large("bob")])).toBe(2);
  });

  it("L7: two gateways count together", async () => {
    const [one] = await roles(redis, { backlogMaxEntries: 900 });
    const two = await gateway(redis, { backlogMaxEntries: 900 });
    let taken = 0;
    for (let round = 0; round < 10; round += 1)
      for (const append of [one, two]) taken += await sent(append, from("greedy", 35));
    expect(taken).toBe(500);
    for (const append of [one, two]) expect(await sent(append, from("alice", 10))).toBe(10);
  });

  it("L7: when the log has drained everything is forgotten", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 900 });
    expect(await sent(append, from("greedy", 700))).toBe(500);
    expect(await redis.raw.hget(BACKLOG_SHARES, '"greedy"')).toMatch(/^50 \d+$/);
    await new SlowPersister(consume).settle(500);
    await consume.trim();
    expect(await redis.raw.exists(BACKLOG_SHARES)).toBe(0);
    expect(await sent(append, from("greedy", 700))).toBe(500);
  });

  it("L7: while the backlog stays above half, a sender whose messages get stored is never refused", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 100 });
    const persister = new SlowPersister(consume);
    await append.append(crowd(70));
    for (let round = 0; round < 60; round += 1) {
      expect(await sent(append, [...from("alice", 1), ...crowd(9)])).toBe(10);
      // Nothing calls `trim` here, so META's counts of stored entries are out of date.
      await persister.settle(10);
    }
    expect((await consume.trim()).backlogEntries).toBe(70);
    expect(overShare("backlog")).toBe(0);
  });

  it("L7: below half nothing is counted, and no command is spent on it", async () => {
    const [append] = await roles(redis, { backlogMaxEntries: 100, dedupeMaxRefs: 100 });
    const monitor = await redis.raw.monitor();
    const commands: string[][] = [];
    monitor.on("monitor", (_time: string, args: string[], source: string) => {
      if (source === "lua") commands.push(args);
    });
    expect(await sent(append, from("alice", 49, "r"))).toBe(49);
    await until(
      () => commands.flat().some((arg) => arg.includes("alice 48")),
      "the commands of the script are seen",
    );
    monitor.disconnect();
    expect(commands.filter((args) => args.some((arg) => arg.includes("shares")))).toEqual([]);
    expect(await redis.raw.exists(BACKLOG_SHARES, REFS_SHARES)).toBe(0);
  });

  it("L5: near the bound of refs a sender has a share too; its known refs and messages without one are answered", async () => {
    const [append, consume] = await roles(redis, { dedupeMaxRefs: 900 });
    const persister = new SlowPersister(consume);
    const drafts = from("greedy", 700, "r");
    expect(await sent(append, drafts)).toBe(500);
    expect(overShare("refs")).toBe(200);
    await persister.settle(500);
    // Storing messages doesn't forget their refs.
    expect((await append.append(drafts)).map(codeOf).slice(498, 502)).toEqual([
      "ok",
      "ok",
      "backlog_full",
      "backlog_full",
    ]);
    expect(await sent(append, from("greedy", 5))).toBe(5);
    for (let i = 0; i < 10; i += 1) expect(await sent(append, from(`o${i}`, 10, "r"))).toBe(10);
    expect(await sent(append, from("greedy", 5, "s"))).toBe(0);
  });

  it("L5: refs counted a window ago are forgotten", async () => {
    const [append] = await roles(redis, { dedupeMaxRefs: 900, dedupeWindowMs: 60_000 });
    expect(await sent(append, from("greedy", 700, "r"))).toBe(500);
    await redis.raw.hincrby(REFS_SHARES, "ends", -60_000);
    expect(await sent(append, from("greedy", 1, "s"))).toBe(1);
    expect(await redis.raw.hget(REFS_SHARES, '"greedy"')).toBe("1 0");
  });

  it("L7: a duplicate of a sender over its share gets its id", async () => {
    const [append] = await roles(redis, { backlogMaxEntries: 900 });
    const [first] = await append.append(from("greedy", 1, "r"));
    expect(await sent(append, from("greedy", 600))).toBe(499);
    expect(await append.append(from("greedy", 1, "r"))).toEqual([first]);
  });

  it("L13: a message that is appended again isn't refused for its sender's share", async () => {
    const [append, consume] = await roles(redis, { backlogMaxEntries: 900 });
    expect(await sent(append, from("greedy", 700))).toBe(500);
    const persister = new SlowPersister(consume);
    await persister.settle(3, { kind: "idConflict" });
    expect(redis.events.filter(({ type }) => type === "id-conflict").length).toBe(3);
    expect(await redis.raw.hget(META, "entries")).toBe("503");
  });

  it.each([
    ["lost", async () => void (await redis.raw.del(BACKLOG_SHARES))],
    ["of another type", async () => void (await redis.raw.set(BACKLOG_SHARES, "rubbish"))],
    ["of another log", async () => void (await redis.raw.hset(BACKLOG_SHARES, "epoch", "other"))],
    ["without its end", async () => void (await redis.raw.hdel(BACKLOG_SHARES, "ends"))],
    ["not a count", async () => void (await redis.raw.hset(BACKLOG_SHARES, '"greedy"', "-9 many"))],
    [
      "of too many senders",
      async () =>
        void (await redis.raw.eval(
          "for i = 1, 100001 do redis.call('HSET', KEYS[1], i, '1 1') end",
          1,
          BACKLOG_SHARES,
        )),
    ],
  ])("L7: a hash that is %s counts as empty, and counting goes on", async (_, damage) => {
    const [append] = await roles(redis, { backlogMaxEntries: 900 });
    expect(await sent(append, from("greedy", 700))).toBe(500);
    await damage();
    // The hash counts as empty, so the sender gets a share of the 400 free entries.
    expect(await sent(append, from("greedy", 200))).toBe(44);
    expect(await redis.raw.type(BACKLOG_SHARES)).toBe("hash");
    expect(await redis.raw.hlen(BACKLOG_SHARES)).toBe(3);
  });

  it("L4: a draft that Redis refuses isn't counted, and no hash is written before an entry", async () => {
    const [append] = await roles(redis, { backlogMaxEntries: 10, dedupeMaxRefs: 10 });
    await append.append(crowd(6));
    await redis.raw.del(...REFS, BACKLOG_SHARES, REFS_SHARES);
    await redis.raw.acl("SETUSER", "default", "-xadd");
    expect((await append.append(from("alice", 2, "r"))).map(codeOf)).toEqual(["unavailable", "unavailable"]);
    expect(await redis.raw.keys("{parley}:shares:*")).toEqual([]);
    await redis.raw.acl("SETUSER", "default", "+@all");
    expect(await sent(append, from("alice", 2, "r"))).toBe(2);
    expect(await redis.raw.hget(BACKLOG_SHARES, '"alice"')).toMatch(/^2 /);
  });

  it("L7: the script and the memory adapter have the same rule", async () => {
    const lua = `${readLua("include/shares.lua")}
      local answers = {}
      for i = 1, #ARGV, 5 do
        local n = {}
        for k = 0, 4 do n[k] = tonumber(ARGV[i + k]) end
        answers[#answers + 1] = share_functions().is_within(n[0], n[1], n[2], n[3], n[4]) and 1 or 0
      end
      return answers`;
    const number = fc.oneof(
      fc.integer({ min: 0, max: 2_000 }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    );
    const five = fc.tuple(number, number, number, number, number);
    await fc.assert(
      fc.asyncProperty(fc.array(five, { minLength: 50, maxLength: 300 }), async (cases) => {
        const expected = cases.map(([bound, floor, used, held, size]) =>
          isWithinShare({ bound, floor }, used, held, size) ? 1 : 0,
        );
        expect(await redis.raw.eval(lua, 0, ...cases.flat())).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("L7: the script finds the sender in every body", async () => {
    const lua = `${readLua("include/shares.lua")}
      return share_functions().sender_of(ARGV[1])`;
    const text = fc.oneof(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.constantFrom('"', "\\", 'a","to":"b', '\\","to":', "epoch", "ends"),
    );
    await fc.assert(
      fc.asyncProperty(text, text, text, async (sender, to, content) => {
        const body = encodeBody({ from: sender, to, content });
        expect(await redis.raw.eval(lua, 0, body)).toBe(JSON.stringify(sender));
      }),
    );
  });
});
