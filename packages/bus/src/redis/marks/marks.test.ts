import { setImmediate as nextTurn } from "node:timers/promises";
import { until } from "@parley/async";
import { formatId, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it, onTestFinished } from "vitest";
import type { ReadMark } from "../../marks.ts";
import type { RedisBusOptions } from "../options.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const MARKS = "{parley}:marks";
const SHARES = "{parley}:shares:marks";
const END = formatId({ ms: 9_999_999_999_999, seq: 0 });

describe.skipIf(!rig)("read marks in Redis", { timeout: 60_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());
  afterEach(() => redis.reset());

  async function open(options: Partial<RedisBusOptions> = {}) {
    const [persisting, bus] = [redis.bus(), redis.bus(options)];
    const consume = persisting.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => consume.problem() === undefined && append.problem() === undefined, "the log is there");
    const heard: ReadMark[] = [];
    let missed = 0;
    const feed = bus.raiseMarks({
      mark: (_, mark) => heard.push(mark),
      missed: () => {
        missed += 1;
      },
    });
    await until(() => feed.problem() === undefined && missed === 1, "marks can be raised and heard");
    const [queue, reader] = [persisting.storeMarks(), bus.findMarks()];
    const readable = () => reader.find([{ user: "a", with: "" }]).then(() => queue.list());
    await until(
      () =>
        readable().then(
          () => true,
          () => false,
        ),
      "marks can be read",
    );
    const send = async () => idOf((await append.append([publicDraft("hi")]))[0]);
    return { append, consume, feed, queue, reader, heard, send, missed: () => missed };
  }

  it("F23: marks survive a SIGKILL of Redis", async () => {
    const { feed, reader, send } = await open();
    const id = await send();
    await feed.raise([{ user: "alice", with: "", id }]);
    await redis.server.kill("SIGKILL");
    await redis.server.restart();
    const find = () => reader.find([{ user: "alice", with: "" }]).catch(() => undefined);
    await until(async () => (await find()) !== undefined, "the reader is connected again", 20_000);
    expect(await find()).toEqual([id]);
  });

  it("P70: a join ends with its own subscription, however many users join after it", async () => {
    const { feed } = await open();
    let isJoined = false;
    const joined = feed.join("alice").then(() => {
      isJoined = true;
    });
    let isOver = false;
    onTestFinished(() => {
      isOver = true;
    });
    const others = async () => {
      for (let n = 0; !isJoined && !isOver; n += 1) {
        void feed.join(`user-${n}`);
        await nextTurn();
      }
    };
    await Promise.all([joined, others()]);
    expect(isOver).toBe(false);
  });

  it("L27: after an interruption the listener is told that marks were missed, and hears the next ones", async () => {
    const { feed, heard, send, missed } = await open();
    await Promise.all([feed.join("alice"), feed.join("bob")]);
    await redis.raw.call("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => missed() === 2, "marks were missed", 20_000);
    feed.leave("bob");
    const id = await send();
    await feed.raise([
      { user: "bob", with: "", id },
      { user: "alice", with: "", id },
    ]);
    await until(() => heard.length > 0, "a mark is heard");
    expect(heard).toEqual([{ user: "alice", with: "", id }]);
  });

  it("L27: a join while the connection is down resolves, and its user hears marks once it is up", async () => {
    const { feed, heard, send, missed } = await open();
    await feed.join("bob");
    await redis.raw.call("CLIENT", "KILL", "TYPE", "pubsub");
    await feed.join("alice");
    await until(() => missed() === 2, "marks were missed", 20_000);
    const id = await send();
    await feed.raise([{ user: "alice", with: "bob", id }]);
    await until(() => heard.length > 0, "the mark is heard");
  });

  it("L27: a new log begins without the marks of the lost one, which may lie beyond its end", async () => {
    const { feed, reader, send, consume } = await open();
    await feed.raise([{ user: "alice", with: "", id: await send() }]);
    await redis.raw.hset(SHARES, "alice", "1");
    await redis.raw.del("{parley}:log", "{parley}:meta");
    await until(
      async () => {
        await consume.trim().catch(() => undefined);
        return (await redis.raw.exists("{parley}:meta")) === 1;
      },
      "the log is created again",
      20_000,
    );
    expect(await reader.find([{ user: "alice", with: "" }])).toEqual([undefined]);
    expect(await redis.raw.exists(SHARES)).toBe(0);
  });

  it("L27: the watermark comes with the marks, so a pending message's mark isn't below it", async () => {
    const { feed, queue, send, consume } = await open();
    const id = await send();
    await consume.next(AbortSignal.timeout(5_000));
    await feed.raise([{ user: "alice", with: "", id: END }]);
    const { marks, watermark } = await queue.list();
    expect([marks, watermark < id]).toEqual([[{ user: "alice", with: "", id }], true]);
  });

  it("fields that are no marks are ignored, and without a log nothing is raised", async () => {
    const { feed, queue, send } = await open();
    const id = await send();
    await redis.raw.hset(MARKS, "nonsense", "1-1", "alice:", "text");
    await feed.raise([{ user: "bob", with: "", id }]);
    expect((await queue.list()).marks).toEqual([{ user: "bob", with: "", id }]);
    await redis.raw.del("{parley}:log");
    await expect(feed.raise([{ user: "bob", with: "", id }])).rejects.toMatchObject({ code: "unavailable" });
  });

  it("G5: the event says how many marks were refused, and how many wait", async () => {
    const { feed, send } = await open();
    await feed.raise([{ user: "bob", with: "", id: await send() }]);
    expect(redis.events).toContainEqual({ type: "marks", marks: 1, full: 0, unstored: 1 });
  });

  const marksOf = (user: string, count: number, id: string) =>
    Array.from({ length: count }, (_, n) => ({ user, with: `peer-${n}`, id }));

  it("G5: two gateways count a user's marks together, and the event says how many its share refused", async () => {
    const { feed, send } = await open({ maxUnstoredMarks: 180 });
    const id = await send();
    const bus = redis.bus({ maxUnstoredMarks: 180 });
    const other = bus.raiseMarks({ mark: () => undefined, missed: () => undefined });
    await until(() => other.problem() === undefined, "the other gateway is connected");
    const marks = marksOf("greedy", 120, id);
    const results = [...(await feed.raise(marks.slice(0, 80))), ...(await other.raise(marks.slice(80)))];
    expect(results.filter((result) => result === "kept")).toHaveLength(100);
    expect(redis.events).toContainEqual({ type: "over-share", of: "marks", drafts: 20 });
  });

  it("G5: below half of the bound nothing is counted, and the counts are gone with the last mark", async () => {
    const { feed, queue, send } = await open({ maxUnstoredMarks: 100 });
    const id = await send();
    const [early, late] = [marksOf("alice", 50, id), marksOf("bob", 5, id)];
    await feed.raise(early);
    expect(await redis.raw.exists(SHARES)).toBe(0);
    await feed.raise(late);
    expect(await redis.raw.hgetall(SHARES)).toEqual({ bob: "5" });
    expect(await redis.raw.pttl(SHARES)).toBeGreaterThan(0);
    await queue.stored(early);
    await queue.stored([...late.slice(0, 3), ...late.slice(0, 3)]);
    expect(await redis.raw.hgetall(SHARES)).toEqual({ bob: "2" });
    await queue.stored(late);
    expect(await redis.raw.exists(SHARES)).toBe(0);
  });

  it("G5: counts that a persister of an earlier version left too high are forgotten below half of the bound", async () => {
    const { feed, send } = await open({ maxUnstoredMarks: 100 });
    const id = await send();
    await feed.raise([...marksOf("alice", 50, id), ...marksOf("bob", 5, id)]);
    await redis.raw.del(MARKS);
    await feed.raise([{ user: "carol", with: "", id }]);
    expect(await redis.raw.exists(SHARES)).toBe(0);
  });
});
