import { until } from "@parley/async";
import { RedisBus } from "@parley/bus/redis";
import { encodeChange, formatId, type LogEntry, positionOf } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisServer } from "../servers.ts";
import { codeOf, contentOf, deletion, draft, edit, idOf, send } from "./fixture.ts";
import { allStored, count, type RedisRig, redisRig } from "./redis-rig.ts";

const redis = await redisServer();
const open = new AbortController().signal;
const LOG = "{parley}:log";
const META = "{parley}:meta";
const LETTERS = "{parley}:dead-letters";
const HELLO = draft("ann", "ben", "hello");
const WITH_META = { ...draft("ann", "", "with meta"), meta: '{"n":1}' };

describe.skipIf(!redis)("changes over a real Redis", { timeout: 60_000 }, () => {
  let rig: RedisRig;
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    if (redis) rig = await redisRig(redis);
  });
  afterEach(() => rig.close());

  const setFormat = (format: 1 | 2) => rig.command("HSET", META, "format", `${format}`);
  const numberOf = async (...command: string[]) =>
    Number.parseInt((await rig.command(...command)).slice(1), 10);
  const codes = async (...drafts: Parameters<typeof rig.append.append>[0]) =>
    (await rig.append.append(drafts)).map(codeOf);
  /** Adds an entry as an operator would. Returns its stream id. */
  const add = async (...fields: string[]) =>
    (await rig.command("XADD", LOG, "*", ...fields)).split("\r\n")[1] ?? "";
  const addLetter = (fields: readonly string[]) =>
    rig.command(
      "XADD",
      LETTERS,
      "*",
      "position",
      "1-1",
      "reason",
      "?",
      "at",
      "",
      "entry",
      JSON.stringify(fields),
    );
  const letters = () => rig.consume.deadLetters.list({ limit: 10 });
  async function readAll(from: string): Promise<LogEntry[]> {
    const read = await rig.tail.read(from, open);
    return read.kind === "read" ? [...read.entries] : [];
  }

  describe("the log's format", () => {
    it("L25: format 1 takes no change and no meta, writes nothing for them, and goes on with messages", async () => {
      const id = await send(rig.append, HELLO);
      await setFormat(1);
      const before = await numberOf("XLEN", LOG);
      const drafts = [edit(id, HELLO, "x", { ref: "1" }), deletion(id, HELLO), { ...WITH_META, ref: "2" }];
      expect(await codes(...drafts)).toEqual(["not_enabled", "not_enabled", "not_enabled"]);
      expect(await numberOf("XLEN", LOG)).toBe(before);
      // Their refs are free.
      expect(await codes(draft("ann", "ben", "y", "1"), draft("ann", "", "z", "2"))).toEqual(["ok", "ok"]);
      expect(
        await codes(draft("ann", "ben", "before"), ...drafts.slice(1, 2), draft("ann", "ben", "after")),
      ).toEqual(["ok", "not_enabled", "ok"]);
      const [refused] = await rig.append.append(drafts.slice(0, 1));
      expect(refused).toMatchObject({ ok: false, error: { temporary: false } });
    });

    it("L25: between two calls it may be lowered and raised, and what is in the log is read all the same", async () => {
      const id = await send(rig.append, HELLO);
      await until(() => allStored(rig.tail), "the message is stored");
      const from = await rig.tail.position();
      rig.persister.pause();
      const calls = [];
      for (let round = 0; round < 30; round += 1) {
        calls.push(rig.append.append([edit(id, HELLO, `${round}`), { ...WITH_META, content: `${round}` }]));
        if (round % 10 === 5) calls.push(setFormat(1).then(() => []));
        if (round % 10 === 9) calls.push(setFormat(2).then(() => []));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const results = (await Promise.all(calls)).flat();
      expect(new Set(results.map(codeOf))).toEqual(new Set(["ok", "not_enabled"]));
      await setFormat(1);
      const taken = results.flatMap((result) => (result.ok ? [result.id] : []));
      expect((await readAll(from)).map(positionOf)).toEqual(taken);
      rig.persister.resume();
      await until(() => allStored(rig.tail), "all is stored");
      const stored = [...rig.persister.stored.keys(), ...rig.persister.changes.keys()].toSorted();
      expect(stored).toEqual([id, ...taken]);
    });

    it("L25: with format 1 a repeated draft still gets its first id, because nothing is written", async () => {
      const id = await send(rig.append, HELLO);
      const [first, second] = [edit(id, HELLO, "x", { ref: "1" }), { ...WITH_META, ref: "2" }];
      const ids = (await rig.append.append([first, second])).map(idOf);
      await setFormat(1);
      expect((await rig.append.append([first, second])).map(idOf)).toEqual(ids);
      expect(await codes(edit(id, HELLO, "y", { ref: "1" }))).toEqual(["ref_reused"]);
    });

    it("L13, L25: with format 1 an entry with a taken id is appended again as it was, and is published as a change", async () => {
      await rig.live.join("ben");
      const id = await send(rig.append, HELLO);
      await until(() => allStored(rig.tail), "the message is stored");
      rig.persister.pause();
      const taken = new Set<string>();
      rig.persister.decide = ({ entry }) => {
        if (taken.size === 2 || taken.has(contentOf({ entry }))) return undefined;
        taken.add(contentOf({ entry }));
        return { kind: "idConflict" };
      };
      const ids = (await rig.append.append([edit(id, HELLO, "x", { ref: "1" }), WITH_META])).map(idOf);
      await setFormat(1);
      rig.persister.resume();
      await until(
        () => rig.persister.changes.size === 1 && rig.persister.stored.size === 2,
        "both are stored",
      );
      const [change] = rig.persister.changes.values();
      expect(change).toMatchObject({ kind: "edit", id, content: "x", ref: "1" });
      expect(ids).not.toContain(change?.change);
      expect([...rig.persister.stored.values()].at(-1)).toMatchObject({
        content: "with meta",
        meta: '{"n":1}',
      });
      await until(() => rig.delivered.some((one) => one.id === change?.change), "the change is live");
      expect(await codes(edit(id, HELLO, "x", { ref: "1" }))).toEqual(["ok"]);
      expect(await codes(edit(id, HELLO, "z"))).toEqual(["not_enabled"]);
    });
  });

  it("L28, L10: a change at or below its message is a dead letter and is skipped by every reader", async () => {
    await rig.live.join("ben");
    const from = await rig.tail.position();
    const id = await send(rig.append, HELLO);
    const ahead = formatId({ ms: Date.now() + 60_000, seq: 0 });
    await add("v", "2", "k", "edit", "m", encodeChange(edit(ahead, HELLO, "too early")), "r", "");
    const last = await send(rig.append, edit(id, HELLO, "in order"));
    await until(async () => (await letters()).length === 1, "the entry is put aside");
    expect(await letters()).toMatchObject([{ reason: "the change isn't after its message" }]);
    expect((await readAll(from)).map(positionOf)).toEqual([id, last]);
    await until(() => rig.delivered.at(-1)?.id === last, "the last is live");
    await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => count(rig, "repair") === 1, "the stream was repaired");
    expect([...new Set(rig.delivered.map((one) => one.id))]).toEqual([id, last]);
  });

  it("L10, L25: an entry of a later kind stays pending, the tail stops before it, and nothing after it is skipped", async () => {
    const from = await rig.tail.position();
    const id = await send(rig.append, HELLO);
    const first = await send(rig.append, edit(id, HELLO, "before"));
    const member = await add("v", "2", "k", "member", "m", '"from":"ann","to":"#team"', "r", "");
    const second = await send(rig.append, deletion(id, HELLO));
    await until(() => rig.persister.changes.has(second), "the change after it is stored");
    const unknown = { position: member, version: "2", what: "member" };
    const read = await rig.tail.read(from, open);
    expect(read).toMatchObject({ kind: "read", position: first, unknown });
    expect((await readAll(from)).map(positionOf)).toEqual([id, first]);
    expect((await rig.tail.watermark()) < second).toBe(true);
    await rig.trim();
    expect(await readAll(first)).toEqual([]);
    await rig.command("XDEL", LOG, member);
    expect((await readAll(first)).map(positionOf)).toEqual([second]);
  });

  describe("dead letters", () => {
    it("L10: a replayed change keeps its kind and ref, and a replayed message its meta", async () => {
      const id = await send(rig.append, HELLO);
      const body = encodeChange(edit(id, HELLO, "late", { meta: "{}" }));
      await addLetter(["v", "2", "k", "edit", "m", body, "r", "e"]);
      await addLetter([
        "v",
        "2",
        "k",
        "delete",
        "m",
        encodeChange(deletion(id, HELLO, { by: "mod" })),
        "r",
        "",
      ]);
      await addLetter(["v", "2", "m", '"from":"ann","to":"","content":"late","meta":{ "n":1 }', "r", "m"]);
      for (const letter of await letters())
        expect(await rig.consume.deadLetters.replay(letter.id)).toBe("replayed");
      await until(() => rig.persister.changes.size === 2 && rig.persister.stored.size === 2, "all is stored");
      expect([...rig.persister.changes.values()]).toMatchObject([
        { kind: "edit", id, content: "late", meta: "{}", ref: "e" },
        { kind: "delete", id, by: "mod" },
      ]);
      expect([...rig.persister.stored.values()].at(-1)).toMatchObject({ meta: '{ "n":1 }', ref: "m" });
      expect(await letters()).toEqual([]);
    });

    it("L25: with format 1 a dead letter of version 2 stays, and can be replayed once the format is raised", async () => {
      const id = await send(rig.append, HELLO);
      await setFormat(1);
      await addLetter(["v", "2", "k", "edit", "m", encodeChange(edit(id, HELLO, "x")), "r", ""]);
      await addLetter(["v", "1", "m", '"from":"ann","to":"","content":"plain"', "r", ""]);
      const [newer, plain] = (await letters()).map((letter) => letter.id);
      expect(await rig.consume.deadLetters.replay(newer ?? "")).toBe("not_enabled");
      expect(await rig.consume.deadLetters.replay(plain ?? "")).toBe("replayed");
      expect((await letters()).map((letter) => letter.id)).toEqual([newer]);
      await setFormat(2);
      expect(await rig.consume.deadLetters.replay(newer ?? "")).toBe("replayed");
    });

    it("L1, L28: a dead letter that names a message of the future stays, and raises no id", async () => {
      const id = await send(rig.append, HELLO);
      const future = formatId({ ms: Date.now() + 3_600_000, seq: 0 });
      await addLetter(["v", "2", "k", "edit", "m", encodeChange(edit(future, HELLO, "x")), "r", ""]);
      const [letter] = await letters();
      expect(await rig.consume.deadLetters.replay(letter?.id ?? "")).toBe("undecodable");
      const next = await send(rig.append, HELLO);
      expect(next > id && next < future).toBe(true);
    });
  });

  it("L1: an appender's ids are above what the tail of its process has reached, also in a log that replaced the first", async () => {
    const bus = new RedisBus({ url: rig.server.url });
    const [append, tail] = [bus.append(), bus.tail()];
    await until(() => !append.problem() && !tail.problem(), "the roles are ready");
    await rig.command("XSETID", LOG, `${Date.now() + 3_600_000}-7`);
    const seen = await tail.position();
    await rig.command("FLUSHALL");
    await until(async () => codeOf((await append.append([HELLO]))[0]) === "ok", "the new log is there");
    expect((await tail.position()) > seen).toBe(true);
    await bus.close();
  });

  it("L1, L28: a log that was lost goes on above the stored changes, and above what the appender has seen", async () => {
    const id = await send(rig.append, HELLO);
    const seen = formatId({ ms: Date.now() + 3_600_000, seq: 7 });
    const change = await send(rig.append, edit(seen, HELLO, "of a lost message"));
    expect(change > seen).toBe(true);
    await rig.command("FLUSHALL");
    await until(async () => codeOf((await rig.append.append([HELLO]))[0]) === "ok", "the new log is there");
    expect((await send(rig.append, edit(id, HELLO, "again"))) > change).toBe(true);
  });
});
