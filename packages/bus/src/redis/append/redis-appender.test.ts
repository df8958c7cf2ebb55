import { inspect } from "node:util";
import { formatId, MAX_SEQ, ORIGIN, timestampOf } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import { LOG, META, PUBLIC_CHANNEL, REFS, userChannel } from "../format/keys.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig, until } from "../test/redis-rig.ts";

const rig = await startRig();

/** The append role over a log that a persister has made, and looks after. */
async function roles(
  { bus }: Rig,
  { lastStored = ORIGIN, ...options }: Parameters<Rig["bus"]>[0] & { lastStored?: string } = {},
): Promise<[Appender, Consumer]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => lastStored });
  const append = one.append();
  await until("the log is there", () => !consume.problem() && !append.problem());
  return [append, consume];
}

async function appender(...args: Parameters<typeof roles>): Promise<Appender> {
  const [append] = await roles(...args);
  return append;
}

async function madeAgain(consume: Consumer): Promise<void> {
  await until("the log is made again", () =>
    consume.trim().then(
      () => true,
      () => false,
    ),
  );
}

async function remembered({ raw }: Rig): Promise<number> {
  const counts = await Promise.all(REFS.slice(1).map((key) => raw.hlen(key)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function entries({ raw }: Rig): Promise<string[]> {
  return (await raw.xrange(LOG, "-", "+")).map(([id]) => id);
}

describe.skipIf(!rig)("append over Redis", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  describe("ids", () => {
    it("L1: go on from the last one of a clock that was an hour ahead, carrying over a full sequence", async () => {
      const append = await appender(redis);
      const ahead = Date.now() + 3_600_000;
      await redis.raw.xadd(LOG, `${ahead}-${MAX_SEQ - 1}`, "v", "2");
      const ids = (await append.append([1, 2, 3].map((n) => publicDraft(`m${n}`)))).map(idOf);
      expect(ids.map(streamIdOf)).toEqual([`${ahead}-${MAX_SEQ}`, `${ahead + 1}-0`, `${ahead + 1}-1`]);
      expect(timestampOf(ids[2] ?? "")).toBe(new Date(ahead + 1).toISOString());
    });

    it("L1: stand above what this gateway has seen, when the log was flushed and the clock is behind", async () => {
      const [append, consume] = await roles(redis);
      const ahead = Date.now() + 3_600_000;
      await redis.raw.xadd(LOG, `${ahead}-0`, "v", "2");
      const [before] = (await append.append([publicDraft("before")])).map(idOf);
      await redis.raw.flushall();
      await madeAgain(consume);
      const [after] = (await append.append([publicDraft("after")])).map(idOf);
      expect(streamIdOf(before ?? "")).toBe(`${ahead}-1`);
      expect(streamIdOf(after ?? "")).toBe(`${ahead}-2`);
    });

    it("L1: stand above the store, for a gateway that has seen nothing", async () => {
      const stored = formatId({ ms: Date.now() + 3_600_000, seq: 41 });
      const append = await appender(redis, { lastStored: stored });
      const [id] = (await append.append([publicDraft("x")])).map(idOf);
      expect(streamIdOf(id ?? "")).toBe(streamIdOf(stored).replace(/41$/, "42"));
    });

    it("L1: are not given out beyond their width: unavailable, and nothing is written", async () => {
      const append = await appender(redis);
      await redis.raw.xadd(LOG, "9999999999999-9999999999", "v", "2");
      expect((await append.append([publicDraft("x")])).map(codeOf)).toEqual(["unavailable"]);
      expect(append.problem()).toMatch(/ids are used up/);
      expect((await entries(redis)).length).toBe(1);
    });

    it("L1: nobody appends where no persister has made the log", async () => {
      const append = redis.bus().append();
      await until("it has looked", () => append.problem()?.includes("persister"));
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect(await redis.raw.keys("*")).toEqual([]);
    });
  });

  describe("refs", () => {
    it("L5: same ref and content gives the first id, nothing written, also twice in one call", async () => {
      const append = await appender(redis);
      const one = publicDraft("once", "r");
      const [first, second] = (await append.append([one, one])).map(idOf);
      expect(second).toBe(first);
      expect((await append.append([one])).map(idOf)).toEqual([first]);
      expect(await entries(redis)).toEqual([streamIdOf(first ?? "")]);
      expect(await redis.raw.hget(META, "entries")).toBe("1");
      expect(await remembered(redis)).toBe(1);
      const duplicates = redis.events.filter(({ type }) => type === "append");
      expect(duplicates).toMatchObject([
        { drafts: 2, duplicates: 1 },
        { drafts: 1, duplicates: 1 },
      ]);
    });

    it("L5: same ref with other content is refused, within one call too, and what follows goes on", async () => {
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
      await until("it is forgotten", async () => {
        const [again] = await append.append([publicDraft("y", "r")]);
        return again?.ok === true;
      });
      expect(await remembered(redis)).toBe(1);
    });

    it("L5, F17: a ref outlives a clock of Redis that jumps an hour ahead, and gateways with clocks of their own", async () => {
      const append = await appender(redis);
      const [first] = (await append.append([publicDraft("x", "r")])).map(idOf);
      await redis.raw.xadd(LOG, `${Date.now() + 3_600_000}-0`, "v", "2");
      // Written by a gateway whose clock is two hours behind: no sign of a silence either.
      await redis.raw.hset(REFS[0] ?? "", "last", Date.now() - 7_200_000);
      expect((await append.append([publicDraft("x", "r")])).map(idOf)).toEqual([first]);
      const ends = await Promise.all(REFS.slice(1).map((key) => redis.raw.pttl(key)));
      expect(Math.max(...ends)).toBeGreaterThan(3_600_000);
    });

    it("L5: a ref that was remembered for a log that is gone is no promise of this one", async () => {
      const [append, consume] = await roles(redis);
      const [first] = (await append.append([publicDraft("x", "r")])).map(idOf);
      await redis.raw.del(LOG, META);
      await madeAgain(consume);
      const [second] = (await append.append([publicDraft("x", "r")])).map(idOf);
      expect((second ?? "") > (first ?? "")).toBe(true);
      expect(await entries(redis)).toEqual([streamIdOf(second ?? "")]);
    });

    it("L5: what is of another type in their place is replaced, not an error", async () => {
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
    it("L4: out of memory nothing is written, no key and no count, and a retry is one message", async () => {
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

    it("L4: where the entry alone is refused there is no key, and a later retry is a message", async () => {
      const append = await appender(redis);
      await redis.raw.acl("SETUSER", "default", "-xadd");
      const drafts = [publicDraft("a", "a"), publicDraft("b")];
      expect((await append.append(drafts)).map(codeOf)).toEqual(["unavailable", "unavailable"]);
      expect(await redis.raw.keys("{parley}:refs:*")).toEqual([]);
      await redis.raw.acl("SETUSER", "default", "+@all");
      expect((await append.append(drafts)).map(codeOf)).toEqual(["ok", "ok"]);
      expect((await entries(redis)).length).toBe(2);
    });

    it("L4: where publishing alone is refused the message is durable, and it is told", async () => {
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

    it("L4: out of memory a ref that is known still gets its id", async () => {
      const append = await appender(redis);
      const [first] = (await append.append([publicDraft("a", "a")])).map(idOf);
      await redis.raw.config("SET", "maxmemory", "1mb");
      const results = await append.append([publicDraft("b", "b"), publicDraft("a", "a")]);
      expect(results.map(codeOf)).toEqual(["unavailable", "ok"]);
      expect(idOf(results[1])).toBe(first);
    });

    it("L4: where the log's keys hold something else, nothing is written", async () => {
      const append = await appender(redis);
      await redis.raw.set(META, "rubbish");
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect(await redis.raw.xlen(LOG)).toBe(0);
      await redis.raw.set(LOG, "rubbish");
      expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
      expect((await redis.raw.keys("*")).sort()).toEqual([LOG, META].sort());
    });

    it("L4: publishes after the entry: to everybody, or to sender and recipient, once where they are the same", async () => {
      const append = await appender(redis);
      const heard: [string, string][] = [];
      const listener = redis.raw.duplicate();
      listener.on("message", (channel: string, payload: string) => heard.push([channel, payload]));
      await listener.subscribe(PUBLIC_CHANNEL, userChannel("alice"), userChannel("bob"));
      const results = await append.append([
        { from: "alice", to: "", content: "1" },
        { from: "alice", to: "bob", content: "2" },
        { from: "alice", to: "alice", content: "3" },
      ]);
      const [a, b, c] = results.map((result) => streamIdOf(idOf(result)));
      await until("all are heard", () => heard.length === 4);
      listener.disconnect();
      const body = (to: string, content: string) => `"from":"alice","to":"${to}","content":"${content}"`;
      expect(heard).toEqual([
        [PUBLIC_CHANNEL, `${a} ${body("", "1")}`],
        [userChannel("bob"), `${b} ${body("bob", "2")}`],
        [userChannel("alice"), `${b} ${body("bob", "2")}`],
        [userChannel("alice"), `${c} ${body("alice", "3")}`],
      ]);
    });

    it("L6: many drafts go in few calls, in the order they came, each with its own result", async () => {
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

    it("L6: a draft larger than a call is refused for good", async () => {
      const append = await appender(redis);
      const results = await append.append([publicDraft("x".repeat(256 * 1024)), publicDraft("y")]);
      expect(results.map(codeOf)).toEqual(["content_too_long", "ok"]);
    });

    it("tells nothing of contents, in no event and no error", async () => {
      const append = await appender(redis, { appendTimeoutMs: 200 });
      await redis.raw.set(META, "rubbish");
      const results = [...(await append.append([publicDraft("top secret", "secret ref")]))];
      await redis.server.kill("SIGSTOP");
      results.push(...(await append.append([publicDraft("top secret", "secret ref")])));
      await redis.server.kill("SIGCONT");
      const told = JSON.stringify([redis.events, append.problem()]);
      const errors = results.map((result) => result.ok || inspect(result.error, { depth: 9 })).join();
      expect(`${told}${errors}`).not.toMatch(/secret/);
      expect(results.map(codeOf)).toEqual(["unavailable", "unavailable"]);
    });
  });
});
