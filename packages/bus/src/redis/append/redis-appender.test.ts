import { inspect } from "node:util";
import { until } from "@parley/async";
import { formatId, MAX_SEQ, ORIGIN, timestampOf } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { LOG, META, PUBLIC_CHANNEL, REFS, userChannel } from "../test/names.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

/** An appender, and the consumer that created the log and repairs it. */
async function roles(
  { bus }: Rig,
  { lastStored = ORIGIN, ...options }: Parameters<Rig["bus"]>[0] & { lastStored?: string } = {},
): Promise<[Appender, Consumer]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => lastStored });
  const append = one.append();
  await until(() => !consume.problem() && !append.problem(), "the log exists");
  return [append, consume];
}

async function appender(...args: Parameters<typeof roles>): Promise<Appender> {
  const [append] = await roles(...args);
  return append;
}

async function logCreatedAgain(consume: Consumer): Promise<void> {
  await until(
    () =>
      consume.trim().then(
        () => true,
        () => false,
      ),
    "the log is created again",
  );
}

async function refCount({ raw }: Rig): Promise<number> {
  const counts = await Promise.all(REFS.slice(1).map((key) => raw.hlen(key)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function entries({ raw }: Rig): Promise<string[]> {
  return (await raw.xrange(LOG, "-", "+")).map(([id]) => id);
}

describe.skipIf(!rig)("append in Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  describe("ids", () => {
    it("L1: follow the last id of a clock that was an hour ahead, and carry over a full sequence", async () => {
      const append = await appender(redis);
      const ahead = Date.now() + 3_600_000;
      await redis.raw.xadd(LOG, `${ahead}-${MAX_SEQ - 1}`, "v", "3");
      const ids = (await append.append([1, 2, 3].map((n) => publicDraft(`m${n}`)))).map(idOf);
      expect(ids.map(streamIdOf)).toEqual([`${ahead}-${MAX_SEQ}`, `${ahead + 1}-0`, `${ahead + 1}-1`]);
      expect(timestampOf(ids[2] ?? "")).toBe(new Date(ahead + 1).toISOString());
    });

    it("L1: are above the ids that this gateway knows, after a flush and with a clock that is behind", async () => {
      const [append, consume] = await roles(redis);
      const ahead = Date.now() + 3_600_000;
      await redis.raw.xadd(LOG, `${ahead}-0`, "v", "3");
      const [before] = (await append.append([publicDraft("before")])).map(idOf);
      await redis.raw.flushall();
      await logCreatedAgain(consume);
      const [after] = (await append.append([publicDraft("after")])).map(idOf);
      expect(streamIdOf(before ?? "")).toBe(`${ahead}-1`);
      expect(streamIdOf(after ?? "")).toBe(`${ahead}-2`);
    });

    it("L1: are above the store's, for a gateway that knows no id", async () => {
      const stored = formatId({ ms: Date.now() + 3_600_000, seq: 41 });
      const append = await appender(redis, { lastStored: stored });
      const [id] = (await append.append([publicDraft("x")])).map(idOf);
      expect(streamIdOf(id ?? "")).toBe(streamIdOf(stored).replace(/41$/, "42"));
    });

    it("L1: are not assigned beyond their width: unavailable, and nothing is written", async () => {
      const append = await appender(redis);
      await redis.raw.xadd(LOG, "9999999999999-9999999999", "v", "3");
      expect((await append.append([publicDraft("x")])).map(codeOf)).toEqual(["unavailable"]);
      expect(append.problem()).toMatch(/ids are used up/);
      expect((await entries(redis)).length).toBe(1);
    });

    it("L1: nothing is appended before a persister has created the log", async () => {
      const append = redis.bus().append();
      await until(() => append.problem()?.includes("persister"), "the appender has checked");
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect(await redis.raw.keys("*")).toEqual([]);
    });
  });

  describe("refs", () => {
    it("L5: the same ref and content get the first id and write nothing, within one call too", async () => {
      const append = await appender(redis);
      const one = publicDraft("once", "r");
      const [first, second] = (await append.append([one, one])).map(idOf);
      expect(second).toBe(first);
      expect((await append.append([one])).map(idOf)).toEqual([first]);
      expect(await entries(redis)).toEqual([streamIdOf(first ?? "")]);
      expect(await redis.raw.hget(META, "entries")).toBe("1");
      expect(await refCount(redis)).toBe(1);
      const duplicates = redis.events.filter(({ type }) => type === "append");
      expect(duplicates).toMatchObject([
        { drafts: 2, duplicates: 1 },
        { drafts: 1, duplicates: 1 },
      ]);
    });

    it("L5: the same ref with other content is refused, also in one call, and later drafts are appended", async () => {
      const append = await appender(redis);
      const results = await append.append([
        publicDraft("one", "r"),
        publicDraft("two", "r"),
        publicDraft("three", "s"),
      ]);
      expect(results.map(codeOf)).toEqual(["ok", "ref_reused", "ok"]);
      expect((await append.append([publicDraft("two", "r")])).map(codeOf)).toEqual(["ref_reused"]);
      expect((await entries(redis)).length).toBe(2);
    });

    it("L5: a ref is forgotten after the window", async () => {
      const append = await appender(redis, { dedupeWindowMs: 100 });
      await append.append([publicDraft("x", "r")]);
      await until(async () => {
        const [again] = await append.append([publicDraft("y", "r")]);
        return again?.ok === true;
      }, "the ref is forgotten");
      expect(await refCount(redis)).toBe(1);
    });

    it("L5: refs of a log that is gone don't count for the new log", async () => {
      const [append, consume] = await roles(redis);
      const [first] = (await append.append([publicDraft("x", "r")])).map(idOf);
      await redis.raw.del(LOG, META);
      await logCreatedAgain(consume);
      const [second] = (await append.append([publicDraft("x", "r")])).map(idOf);
      expect((second ?? "") > (first ?? "")).toBe(true);
      expect(await entries(redis)).toEqual([streamIdOf(second ?? "")]);
    });

    it("L5: a key of another type in their place is replaced and is no error", async () => {
      const append = await appender(redis);
      await append.append([publicDraft("x", "r")]);
      for (const [round, keys] of [REFS.slice(1), REFS].entries()) {
        await redis.raw.del(...keys);
        for (const key of keys) await redis.raw.rpush(key, "rubbish");
        expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["ok"]);
        expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["ok"]);
        expect((await entries(redis)).length).toBe(round + 2);
      }
    });
  });

  describe("one script", () => {
    it("L4: out of memory nothing is written, no key and no count, and a retry makes one message", async () => {
      const append = await appender(redis);
      await append.append([publicDraft("before")]);
      await redis.raw.config("SET", "maxmemory", "1mb");
      const drafts = [publicDraft("a", "a"), publicDraft("b", "b"), publicDraft("c")];
      expect((await append.append(drafts)).map(codeOf)).toEqual(drafts.map(() => "unavailable"));
      expect(append.problem()).toMatch(/OOM/);
      expect((await entries(redis)).length).toBe(1);
      expect(await redis.raw.keys("{parley}:refs:*")).toEqual([]);
      expect(await redis.raw.hget(META, "entries")).toBe("1");
      await redis.raw.config("SET", "maxmemory", "0");
      expect((await append.append(drafts)).map(codeOf)).toEqual(drafts.map(() => "ok"));
      expect((await append.append(drafts.slice(0, 2))).map(codeOf)).toEqual(["ok", "ok"]);
      expect((await entries(redis)).length).toBe(4);
      expect(append.problem()).toBeUndefined();
    });

    it("L4: if only the XADD is refused, no ref is remembered, and a later retry is appended", async () => {
      const append = await appender(redis);
      await redis.raw.acl("SETUSER", "default", "-xadd");
      const drafts = [publicDraft("a", "a"), publicDraft("b")];
      expect((await append.append(drafts)).map(codeOf)).toEqual(["unavailable", "unavailable"]);
      expect(await redis.raw.keys("{parley}:refs:*")).toEqual([]);
      await redis.raw.acl("SETUSER", "default", "+@all");
      expect((await append.append(drafts)).map(codeOf)).toEqual(["ok", "ok"]);
      expect((await entries(redis)).length).toBe(2);
    });

    it("L4: if only the PUBLISH is refused, the message is durable, and a warning is reported", async () => {
      const append = await appender(redis);
      await redis.raw.acl("SETUSER", "default", "resetchannels");
      expect((await append.append([publicDraft("a")])).map(codeOf)).toEqual(["ok"]);
      await redis.raw.acl("SETUSER", "default", "allchannels");
      expect((await entries(redis)).length).toBe(1);
      expect(redis.events).toContainEqual({
        type: "warning",
        text: expect.stringMatching(/refuses to publish/),
      });
    });

    it("L4: out of memory, a known ref still gets its id", async () => {
      const append = await appender(redis);
      const [first] = (await append.append([publicDraft("a", "a")])).map(idOf);
      await redis.raw.config("SET", "maxmemory", "1mb");
      const results = await append.append([publicDraft("b", "b"), publicDraft("a", "a")]);
      expect(results.map(codeOf)).toEqual(["unavailable", "ok"]);
      expect(idOf(results[1])).toBe(first);
    });

    it("L4: nothing is written if the log's keys have another type", async () => {
      const append = await appender(redis);
      await redis.raw.set(META, "rubbish");
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect(await redis.raw.xlen(LOG)).toBe(0);
      await redis.raw.set(LOG, "rubbish");
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect((await redis.raw.keys("*")).sort()).toEqual([LOG, META].sort());
    });

    it("L4: publishes after the XADD: to everybody, or to sender and recipient, once if they are the same", async () => {
      const append = await appender(redis);
      const published: [string, string][] = [];
      const listener = redis.raw.duplicate();
      listener.on("message", (channel: string, payload: string) => published.push([channel, payload]));
      await listener.subscribe(PUBLIC_CHANNEL, userChannel("alice"), userChannel("bob"));
      const results = await append.append([
        { from: "alice", to: "", content: "1" },
        { from: "alice", to: "bob", content: "2" },
        { from: "alice", to: "alice", content: "3" },
      ]);
      const [a, b, c] = results.map((result) => streamIdOf(idOf(result)));
      await until(() => published.length === 4, "all four are published");
      listener.disconnect();
      const epoch = await redis.raw.hget(META, "epoch");
      const body = (to: string, content: string) =>
        `${epoch} "from":"alice","to":"${to}","content":"${content}"`;
      expect(published).toEqual([
        [PUBLIC_CHANNEL, `${a} ${body("", "1")}`],
        [userChannel("bob"), `${b} ${body("bob", "2")}`],
        [userChannel("alice"), `${b} ${body("bob", "2")}`],
        [userChannel("alice"), `${c} ${body("alice", "3")}`],
      ]);
    });

    it("L6: many drafts share few calls, in the order of the appends, each with its own result", async () => {
      const append = await appender(redis);
      const appended = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => append.append([publicDraft(`m${i}`)])),
      );
      const ids = appended.flat().map(idOf);
      expect(ids).toEqual([...ids].sort());
      expect(await entries(redis)).toEqual(ids.map(streamIdOf));
      const calls = redis.events.filter(({ type }) => type === "append");
      expect(calls.map((call) => call.type === "append" && call.drafts)).toEqual([
        ...Array.from({ length: 7 }, () => 128),
        1_000 - 7 * 128,
      ]);
    });

    it("L6: a draft larger than a call gets a permanent error", async () => {
      const append = await appender(redis);
      const results = await append.append([publicDraft("x".repeat(256 * 1024)), publicDraft("y")]);
      expect(results.map(codeOf)).toEqual(["content_too_long", "ok"]);
    });

    it("no event and no error holds content", async () => {
      const append = await appender(redis, { appendTimeoutMs: 200 });
      await redis.raw.set(META, "rubbish");
      const results = [...(await append.append([publicDraft("top secret", "secret ref")]))];
      await redis.server.kill("SIGSTOP");
      results.push(...(await append.append([publicDraft("top secret", "secret ref")])));
      await redis.server.kill("SIGCONT");
      const reported = JSON.stringify([redis.events, append.problem()]);
      const errors = results.map((result) => result.ok || inspect(result.error, { depth: 9 })).join();
      expect(`${reported}${errors}`).not.toMatch(/secret/);
      expect(results.map(codeOf)).toEqual(["unavailable", "unavailable"]);
    });
  });
});
