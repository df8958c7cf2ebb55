import { until } from "@parley/async";
import { encodeBody, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import { contentOf } from "../../test/entries.ts";
import { DEAD_LETTERS, GROUP, LOG } from "../test/names.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const BODY = encodeBody({ from: "alice", to: "", content: "hi" });

describe.skipIf(!rig)("dead letters", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  async function roles(options?: Parameters<Rig["bus"]>[0]): Promise<[Appender, Consumer]> {
    const bus = redis.bus(options);
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "all is ready");
    return [append, consume];
  }
  const letters = (consume: Consumer) => consume.deadLetters.list({ limit: 100 });
  const pending = async () => ((await redis.raw.xpending(LOG, GROUP)) as unknown[])[0];

  it("L10: entries that cannot be decoded are moved with a reason, and messages are delivered", async () => {
    const [append, consume] = await roles();
    const poison: (string | Buffer)[][] = [
      ["foo", "bar"],
      ["v", "1"],
      ["v", "x", "m", BODY],
      ["v", "1", "m", '"from":"a","to":"b","content":""'],
      ["v", "1", "m", Buffer.from([0xff, 0xfe, 0x00])],
      ["v", "1", "m", "x".repeat(20 * 1024 * 1024)],
      Array.from({ length: 20_000 }, (_, i) => `f${i}`),
    ];
    for (const fields of poison) await redis.raw.xadd(LOG, "*", ...fields);
    await redis.raw.xadd(LOG, `${Date.now() + 1_000}-99999999999`, "v", "1", "m", BODY);
    await append.append([publicDraft("after")]);
    expect((await consume.next(AbortSignal.timeout(20_000))).map(contentOf)).toEqual(["after"]);
    const found = await letters(consume);
    expect(found.map(({ reason }) => reason)).toEqual([
      "no version",
      "no body",
      "bad version",
      "body isn't a message",
      "body isn't a message",
      "body too large",
      "no version",
      "id too large",
    ]);
    expect(found[0]).toMatchObject({ fields: { foo: "bar" }, position: expect.stringMatching(/^\d+-\d+$/) });
    expect(Object.keys(found[6]?.fields ?? {}).length).toBe(10_000);
    expect(redis.events.filter(({ type }) => type === "dead-letter").length).toBe(8);
    expect(await pending()).toBe(1);
    expect(await redis.raw.xlen(LOG)).toBe(1);
  });

  it("L10: an entry stays in the log, pending, while the dead letter cannot be written", async () => {
    const [, consume] = await roles({ claimIdleMs: 150 });
    await redis.raw.xadd(LOG, "*", "foo", "bar");
    await redis.raw.config("SET", "maxmemory", "1mb");
    const stop = new AbortController();
    const waiting = consume.next(stop.signal);
    await until(
      () => redis.events.some((e) => e.type === "warning" && /undecodable.*OOM/.test(e.text)),
      "the warning is reported",
    );
    expect([await pending(), await redis.raw.xlen(LOG)]).toEqual([1, 1]);
    await redis.raw.config("SET", "maxmemory", "0");
    await until(async () => (await letters(consume)).length === 1, "the entry is moved");
    stop.abort();
    await waiting;
    expect([await pending(), await redis.raw.xlen(LOG)]).toEqual([0, 0]);
  });

  it("G5: at the limit further entries stay in the log, with a warning", async () => {
    const [, consume] = await roles();
    for (let i = 0; i < 10; i += 1) {
      const pipeline = redis.raw.pipeline();
      for (let j = 0; j < 1_000; j += 1) pipeline.xadd(DEAD_LETTERS, "*", "position", "1-1");
      await pipeline.exec();
    }
    await redis.raw.xadd(LOG, "*", "foo", "bar");
    const stop = new AbortController();
    const waiting = consume.next(stop.signal);
    await until(
      () => redis.events.some((e) => e.type === "warning" && /too many dead letters/.test(e.text)),
      "the warning is reported",
    );
    stop.abort();
    await waiting;
    expect(await redis.raw.xlen(LOG)).toBe(1);
  });

  it("lists in pages, drops, and reports ids that do not exist", async () => {
    const [, consume] = await roles();
    for (const text of ["a", "b", "c"]) await redis.raw.xadd(LOG, "*", "foo", text);
    const stop = new AbortController();
    const waiting = consume.next(stop.signal);
    await until(async () => (await letters(consume)).length === 3, "all are moved");
    stop.abort();
    await waiting;
    const [first, second] = await consume.deadLetters.list({ limit: 2 });
    const rest = await consume.deadLetters.list({ after: second?.id ?? "", limit: 10 });
    expect([first, second, ...rest].map((letter) => letter?.fields.foo)).toEqual(["a", "b", "c"]);
    expect(await consume.deadLetters.drop(first?.id ?? "")).toBe("dropped");
    for (const id of [first?.id ?? "", "1-1", "", "x", "*", "$"]) {
      expect(await consume.deadLetters.drop(id)).toBe("not_found");
      expect(await consume.deadLetters.replay(id)).toBe("not_found");
    }
    expect((await letters(consume)).length).toBe(2);
  });

  it("replays a decodable dead letter once, as a new message with its ref, and does not change remembered refs", async () => {
    const [append, consume] = await roles();
    const wanted = ["v", "1", "m", BODY, "r", "r1"];
    await redis.raw.xadd(
      DEAD_LETTERS,
      "*",
      "position",
      "5-5",
      "reason",
      "?",
      "at",
      "",
      "entry",
      JSON.stringify(wanted),
    );
    await redis.raw.xadd(
      DEAD_LETTERS,
      "*",
      "position",
      "6-6",
      "reason",
      "?",
      "at",
      "",
      "entry",
      '["foo","bar"]',
    );
    await redis.raw.xadd(DEAD_LETTERS, "*", "position", "7-7", "reason", "?", "at", "", "entry", '["v","3"]');
    const [good, bad, newer] = (await letters(consume)).map(({ id }) => id);
    const [sentAgain] = (await append.append([publicDraft("hi", "r1")])).map(idOf);
    expect(await consume.deadLetters.replay(good ?? "")).toBe("replayed");
    expect(await consume.deadLetters.replay(good ?? "")).toBe("not_found");
    expect(await consume.deadLetters.replay(bad ?? "")).toBe("undecodable");
    expect(await consume.deadLetters.replay(newer ?? "")).toBe("undecodable");
    const batch = await consume.next(AbortSignal.timeout(5_000));
    expect(batch.map(({ entry }) => [contentOf({ entry }), entry.ref])).toEqual([
      ["hi", "r1"],
      ["hi", "r1"],
    ]);
    expect((await append.append([publicDraft("hi", "r1")])).map(idOf)).toEqual([sentAgain]);
  });
});
