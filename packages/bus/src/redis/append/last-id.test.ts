import { until } from "@parley/async";
import { formatId, ORIGIN, positionOf } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import { encodeDraft } from "../format/encoded-draft.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import { ClockRig } from "../test/clock-rig.ts";
import { DEAD_LETTERS, LOG, META, names, REFS } from "../test/names.ts";
import { codeOf, idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

async function roles({ bus }: Rig, options?: Parameters<Rig["bus"]>[0]): Promise<[Appender, Consumer]> {
  const one = bus(options);
  const consume = one.consume({ lastStored: async () => ORIGIN });
  const append = one.append();
  await until(() => !consume.problem() && !append.problem(), "the log exists");
  return [append, consume];
}

describe.skipIf(!rig)("a log whose last id is in META", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  const draft = encodeDraft(publicDraft("x", "r"), names);
  const ahead = () => `${Date.now() + 3_600_000}-5`;

  describe("while the stream is gone and META is not", () => {
    /** How the stream is lost: deleted, or replaced by the text that a log leaves in its former place (L38). */
    const losses: [string, () => Promise<unknown>][] = [
      ["deleted", () => redis.raw.del(LOG)],
      ["replaced by a text", () => redis.raw.set(LOG, "moved to another place")],
    ];
    /** Appends a draft and then loses the stream. Returns a check that nothing was written since. */
    const lose = async (clock: ClockRig, loss: () => Promise<unknown>, entries?: number) => {
      expect((await clock.call([draft]))[3]).toMatch(/^\+/);
      if (entries !== undefined) await redis.raw.hset(META, "entries", entries);
      await loss();
      const read = () => Promise.all([META, ...REFS].map((key) => redis.raw.hgetall(key)));
      const before = await read();
      return async () => expect(await read()).toEqual(before);
    };
    const other = encodeDraft(publicDraft("y", "s"), names);

    it.each(losses)(
      "L4: %s: no draft is appended, no duplicate acknowledged, and nothing written",
      async (_, loss) => {
        const clock = await ClockRig.create(redis, { windowMs: 60_000 });
        const nothingIsWritten = await lose(clock, loss);
        for (const drafts of [[], [draft], [other], [draft, other], [other, draft]])
          expect(await clock.call(drafts)).toEqual(["no-log"]);
        await nothingIsWritten();
      },
    );

    it.each(losses)("L7: %s: a full backlog is no reason to write either", async (_, loss) => {
      const clock = await ClockRig.create(redis, { windowMs: 60_000 });
      const nothingIsWritten = await lose(clock, loss, 3_000_000);
      expect(await clock.call([other])).toEqual(["no-log"]);
      await nothingIsWritten();
    });
  });

  it("L1: a gateway that starts after a manual XADD or XSETID continues after it, in one call", async () => {
    const clock = await ClockRig.create(redis, { windowMs: 60_000 });
    await clock.call([draft]);
    for (const raise of [
      (id: string) => redis.raw.xadd(LOG, id, "v", "9"),
      (id: string) => redis.raw.call("XSETID", LOG, id),
    ]) {
      const [ms = "", seq = 0] = ((await redis.raw.hget(META, "last")) ?? "").split("-");
      const id = `${ms}-${Number(seq) + 9}`;
      await raise(id);
      const drafts = ["a", "b"].map((content) => encodeDraft(publicDraft(content), names));
      const [status, , , ...results] = await clock.call(drafts);
      expect([status, ...results]).toEqual([
        "ok",
        `+${ms}-${Number(seq) + 10}`,
        `+${ms}-${Number(seq) + 11}`,
      ]);
    }
  });

  it("L1: an id in the stream that is too large for Parley ends the log's use, as before", async () => {
    const clock = await ClockRig.create(redis, { windowMs: 60_000 });
    await clock.call([draft]);
    await redis.raw.xadd(LOG, "99999999999999-0", "v", "9");
    expect(await clock.call([encodeDraft(publicDraft("y"), names)])).toEqual(["no-log"]);
    expect(await clock.call([draft])).toEqual(["no-log"]);
  });

  it("L13: a message that is appended again gets an id after a manual XADD", async () => {
    const [append, consume] = await roles(redis);
    await append.append([publicDraft("x", "r")]);
    const [consumed] = await consume.next(AbortSignal.timeout(5_000));
    const manual = ahead();
    await redis.raw.xadd(LOG, manual, "v", "9");
    if (consumed) await consume.settle([{ entry: consumed.entry, outcome: { kind: "idConflict" } }]);
    const after = idOfEntry(manual.replace(/5$/, "6"));
    expect(redis.events).toContainEqual({
      type: "id-conflict",
      id: consumed && positionOf(consumed.entry),
      again: after,
    });
    expect((await append.append([publicDraft("x", "r")])).map(idOf)).toEqual([after]);
    expect(await redis.raw.hget(META, "last")).toBe(streamIdOf(after ?? ""));
  });

  it("L10: a dead letter that is replayed gets an id after a manual XADD", async () => {
    const [append, consume] = await roles(redis);
    await append.append([publicDraft("x")]);
    const entry = JSON.stringify(["v", "1", "m", '"from":"alice","to":"","content":"y"', "r", ""]);
    const letter = await redis.raw.xadd(
      DEAD_LETTERS,
      "*",
      "position",
      "1-1",
      "reason",
      "-",
      "at",
      "-",
      "entry",
      entry,
    );
    const manual = ahead();
    await redis.raw.xadd(LOG, manual, "v", "9");
    expect(await consume.deadLetters.replay(letter ?? "")).toBe("replayed");
    expect((await redis.raw.xrevrange(LOG, "+", "-", "COUNT", 1))[0]?.[0]).toBe(manual.replace(/5$/, "6"));
    expect(await redis.raw.hget(META, "last")).toBe(manual.replace(/5$/, "6"));
  });

  it("L1: ids stay above a last id that is ahead of the stream, because it was assigned", async () => {
    const [append] = await roles(redis);
    const manual = ahead();
    await redis.raw.hset(META, "last", manual);
    const [id] = (await append.append([publicDraft("x")])).map(idOf);
    expect(streamIdOf(id ?? "")).toBe(manual.replace(/5$/, "6"));
  });

  it("L4: a Redis without memory refuses a draft after a manual XADD too, and the next call appends it", async () => {
    const [append] = await roles(redis);
    await redis.raw.xadd(LOG, ahead(), "v", "9");
    await redis.raw.config("SET", "maxmemory", "1mb");
    expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["unavailable"]);
    expect(append.problem()).toMatch(/OOM/);
    await redis.raw.config("SET", "maxmemory", "0");
    expect((await append.append([publicDraft("x", "r")])).map(codeOf)).toEqual(["ok"]);
    expect(await redis.raw.xlen(LOG)).toBe(2);
  });

  it("L1: a log that is raised above the store continues there, although META has the former last id", async () => {
    const [append] = await roles(redis);
    await append.append([publicDraft("x")]);
    const stored = formatId({ ms: Date.now() + 3_600_000, seq: 5 });
    const consume = redis.bus().consume({ lastStored: async () => stored });
    await until(() => !consume.problem(), "the log is raised");
    const gateway = redis.bus().append();
    await until(() => !gateway.problem(), "the gateway is ready");
    const [id] = (await gateway.append([publicDraft("y")])).map(idOf);
    expect(streamIdOf(id ?? "")).toBe(streamIdOf(stored).replace(/5$/, "6"));
  });

  it("L4: a call asks Redis only what it needs", async () => {
    const clock = await ClockRig.create(redis, { windowMs: 60_000, maxRefs: 10_000_000 });
    await clock.send("first");
    const monitor = await redis.raw.monitor();
    const commands: string[][] = [];
    monitor.on("monitor", (_time: string, args: string[], source: string) => {
      if (source === "lua" && args[0] !== "GET") commands.push(args);
    });
    const to = { from: "alice", to: "bob" };
    const drafts = [1, 2].map((n) => encodeDraft({ ...to, content: `m${n}`, ref: `r${n}` }, names));
    await clock.call(drafts);
    await until(
      () => commands.at(-1)?.[0] === "HSET" && commands.at(-1)?.[1] === REFS[2],
      "the last command is seen",
    );
    monitor.disconnect();
    const [state, , current] = REFS;
    expect(commands.map(([name, key]) => [name, key])).toEqual([
      ["HMGET", META],
      ["HMGET", state],
      ["HMGET", current],
      ...drafts.flatMap(({ channel, secondChannel }) => [
        ["XADD", LOG],
        ["PUBLISH", channel],
        ["PUBLISH", secondChannel],
      ]),
      ["HSET", META],
      ["HSET", current],
    ]);
  });
});
