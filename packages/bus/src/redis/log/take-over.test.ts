import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import { Redis } from "ioredis";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Consumer } from "../../consumer.ts";
import { contentOf, messageOf } from "../../test/entries.ts";
import { createContext } from "../context.ts";
import { namesOf, type Place } from "../format/keys.ts";
import type { RedisBusOptions } from "../options.ts";
import { RedisBus } from "../redis-bus.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const FORMER = namesOf({ db: 0 });
const READY_MS = 30_000;
const DOCS = readFileSync(join(import.meta.dirname, "../../../../../docs/operating.md"), "utf8");
/** The script that gives the log of database 1 its former names. */
const COMMAND = /^redis-cli -n 1 EVAL "(.+)" 0$/m.exec(DOCS)?.[1] ?? "";

describe.skipIf(!rig)("moving a log to its present names", { timeout: 60_000 }, () => {
  const redis = rig as Rig;
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await redis.reset();
  });
  afterAll(() => redis.stop());

  const url = (db: number) => `${redis.server.url.replace(/\/+$/, "")}/${db}`;
  const raw = (db: number) => {
    const client = new Redis(url(db));
    closers.push(() => client.disconnect());
    return client;
  };
  /** A bus of this version. */
  const bus = ({ db, namespace }: Place, options: Partial<RedisBusOptions> = {}) =>
    redis.bus({ url: url(db), namespace, claimIdleMs: 1_000, ...options });
  /** A bus of the version before, which has the same names in every database. */
  const earlier = (db: number) => {
    const options = { url: url(db), claimIdleMs: 1_000 };
    const created = new RedisBus(options, { ...createContext(options), names: FORMER });
    closers.push(() => created.close());
    return created;
  };
  const consume = (from: RedisBus, store = "") =>
    from.consume({ lastStored: async () => ORIGIN, storeName: async () => store });
  const ready = (...roles: { problem(): string | undefined }[]) =>
    until(() => roles.every((role) => !role.problem()), "the roles are ready", READY_MS);
  const next = (consumer: Consumer) => consumer.next(AbortSignal.timeout(8_000));
  const settle = async (consumer: Consumer, consumed: Awaited<ReturnType<typeof next>>) =>
    consumer.settle(consumed.map(({ entry }) => ({ entry, outcome: { kind: "stored" } })));
  const moves = () => redis.events.filter(({ type }) => type === "log-moved");
  const warnings = () => redis.events.flatMap((event) => (event.type === "warning" ? [event.text] : []));

  it("L38: unstored and pending entries, refs and ids move, and processes of the version before stop", async () => {
    const before = earlier(3);
    const [oldConsumer, oldAppender] = [consume(before), before.append()];
    await ready(oldConsumer, oldAppender);
    const first = idOf((await oldAppender.append([publicDraft("first", "r1")]))[0]);
    const pending = await next(oldConsumer);
    expect(pending.map((one) => messageOf(one).id)).toEqual([first]);
    const epoch = await raw(3).hget(FORMER.meta, "epoch");
    await raw(3).hset(FORMER.marks, "alice:", "1-1");
    await raw(3).hset(FORMER.marksShares, "alice", "1");
    await raw(3).hset(FORMER.revocations, "b:mallory", "1 9999999999999");

    const now = bus({ db: 3 });
    const [consumer, appender] = [consume(now), now.append()];
    await ready(consumer, appender);
    expect(moves()).toEqual([{ type: "log-moved", from: "{parley}", to: "{parley/3}" }]);
    expect(await raw(3).hget(namesOf({ db: 3 }).meta, "epoch")).toBe(epoch);
    expect(await raw(3).hget(namesOf({ db: 3 }).marks, "alice:")).toBe("1-1");
    expect(await raw(3).hget(namesOf({ db: 3 }).marksShares, "alice")).toBe("1");
    expect(await raw(3).hget(namesOf({ db: 3 }).revocations, "b:mallory")).toBe("1 9999999999999");
    expect(await raw(3).get(FORMER.log)).toBe("moved to {parley/3}:log");

    await expect(settle(oldConsumer, pending)).rejects.toMatchObject({ code: "unavailable" });
    expect((await oldAppender.append([publicDraft("late", "r2")]))[0]).toMatchObject({
      error: { code: "unavailable" },
    });
    await expect(oldConsumer.trim()).rejects.toMatchObject({ code: "unavailable" });
    await until(() => oldConsumer.problem()?.includes("moved to {parley/3}:log"), "it says so", READY_MS);
    expect(oldAppender.problem()).toContain("there is no log");
    // The retry with the same ref, at a process of this version, gets the first id.
    expect((await appender.append([publicDraft("first", "r1")])).map(idOf)).toEqual([first]);
    const taken = await next(consumer);
    expect(taken.map(contentOf)).toEqual(["first"]);
    await settle(consumer, taken);
    expect(await consumer.trim()).toMatchObject({ backlogEntries: 0 });
    expect(await raw(3).keys("{parley}:*")).toEqual([FORMER.log]);
  });

  it("L38: several persisters at once move one log", async () => {
    const before = earlier(2);
    await ready(consume(before));
    await before.close();
    const consumers = Array.from({ length: 5 }, () => consume(bus({ db: 2 })));
    await ready(...consumers);
    expect(moves().length).toBe(1);
    expect(redis.events.filter(({ type }) => type === "log-created")).toEqual([]);
  });

  it("L38: a Redis without free memory moves the log too, because only a persister can free the memory", async () => {
    const before = earlier(2);
    const [consumer, appender] = [consume(before), before.append()];
    await ready(consumer, appender);
    await appender.append([publicDraft("waits")]);
    await before.close();
    await redis.raw.config("SET", "maxmemory", "1mb");
    const now = consume(bus({ db: 2 }));
    await ready(now);
    expect((await next(now)).map(contentOf)).toEqual(["waits"]);
    expect(moves().length).toBe(1);
  });

  it("L38: a Redis that permits no SET is left as it was", async () => {
    const before = earlier(2);
    await ready(consume(before));
    await before.close();
    const keys = (await raw(2).keys("*")).sort();
    await redis.raw.acl("SETUSER", "default", "-set");
    const now = consume(bus({ db: 2 }));
    await until(() => now.problem()?.includes("no permissions"), "the problem says so", READY_MS);
    expect((await raw(2).keys("*")).sort()).toEqual(keys);
    await redis.raw.acl("SETUSER", "default", "+set");
    await ready(now);
  });

  it("L38: a new log leaves its text in the former place too, so that no second log is created there", async () => {
    await ready(consume(bus({ db: 3 })));
    const late = consume(earlier(3));
    await until(() => late.problem()?.includes("moved to {parley/3}:log"), "it is refused", READY_MS);
    expect(await raw(3).type(FORMER.log)).toBe("string");
    await raw(3).flushdb();
    await until(async () => (await raw(3).type(FORMER.log)) !== "none", "a log is created again", READY_MS);
  });

  it("L38: present dead letters and counts of a log that is gone don't mix with those that are moved", async () => {
    const now = namesOf({ db: 3 });
    await raw(3).hset(now.meta, "entries", "77");
    await raw(3).xadd(now.deadLetters, "*", "reason", "of this log");
    const before = earlier(3);
    const [consumer, appender] = [consume(before), before.append()];
    await ready(consumer, appender);
    await appender.append([publicDraft("one")]);
    await before.close();
    await raw(3).del(FORMER.meta);
    await raw(3).xadd(FORMER.deadLetters, "*", "reason", "of the former log");
    await ready(consume(bus({ db: 3 })));
    expect(await raw(3).hget(now.meta, "entries")).toBe("1");
    expect(await raw(3).xlen(now.deadLetters)).toBe(1);
    expect(await raw(3).xlen(FORMER.deadLetters)).toBe(1);
  });

  it("L38: with a namespace a log is moved only if it is stored in the same store and no persister uses it", async () => {
    const before = bus({ db: 0 });
    const [old, appender] = [consume(before, "store-1"), before.append()];
    await ready(old, appender);
    expect(await redis.raw.hget(FORMER.meta, "store")).toBe("store-1");
    await appender.append([publicDraft("waits")]);
    expect((await next(old)).length).toBe(1);
    const staged = consume(bus({ db: 0, namespace: "staging" }), "store-1");
    await until(() => staged.problem()?.includes("stop them"), "it waits for the persisters", READY_MS);
    expect(await redis.raw.type(FORMER.log)).toBe("stream");
    await before.close();
    await ready(staged);
    expect((await next(staged)).map(contentOf)).toEqual(["waits"]);
    expect(moves()).toEqual([{ type: "log-moved", from: "{parley}", to: "{parley:staging}" }]);
    const without = consume(bus({ db: 0 }), "store-1");
    await until(() => without.problem()?.includes("REDIS_NAMESPACE"), "the problem says so", READY_MS);
  });

  it("L38: with a namespace the log of another store is left alone, and one without a name causes a warning", async () => {
    const neighbour = consume(bus({ db: 0 }), "production");
    await ready(neighbour, consume(bus({ db: 0, namespace: "a" }), "staging"));
    expect(warnings()).toEqual([]);
    await redis.raw.hdel(FORMER.meta, "store");
    await ready(consume(bus({ db: 0, namespace: "b" }), "staging"));
    expect(warnings()).toEqual([expect.stringContaining("{parley:b}:log beside {parley}:log")]);
    expect(moves()).toEqual([]);
    expect(neighbour.problem()).toBeUndefined();
  });

  it("L38: a user who may use only the present names has a log, once no log of its own can be elsewhere", async () => {
    const permit = (...patterns: string[]) =>
      redis.raw.acl("SETUSER", "tight", "reset", "on", ">x", "+@all", "allchannels", ...patterns);
    const tight = (place: Place) =>
      bus(place, { url: url(place.db).replace("redis://", "redis://tight:x@") });
    await permit("~{parley:a}:*");
    await ready(consume(tight({ db: 0, namespace: "a" })));
    expect(warnings()).toEqual([expect.stringContaining("may not use the keys {parley}:*")]);
    await permit("~{parley/1}:*");
    const one = consume(tight({ db: 1 }));
    await until(() => one.problem()?.includes("may not use the keys {parley}:*"), "it says so", READY_MS);
    await permit("~{parley/1}:*", "~{parley}:*");
    await ready(one);
    await permit("~{parley/1}:*");
    await ready(consume(tight({ db: 1 })));
    await redis.raw.acl("DELUSER", "tight");
  });

  it("L38: after a failover to a server that has the former names only, the log is moved again", async () => {
    const before = earlier(1);
    await ready(consume(before));
    await before.close();
    const now = bus({ db: 1 });
    const [consumer, appender] = [consume(now), now.append()];
    await ready(consumer, appender);
    // The new master has neither the new names nor the text.
    await raw(1).eval(COMMAND, 0);
    await redis.raw.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await until(() => moves().length === 2, "it is moved again", READY_MS);
    await ready(consumer, appender);
    expect((await appender.append([publicDraft("after")]))[0]?.ok).toBe(true);
    expect((await next(consumer)).map(contentOf)).toEqual(["after"]);
  });

  it("L38: the command in docs/operating.md gives a log back to the version before, with everything in it", async () => {
    const now = bus({ db: 1 });
    const [consumer, appender] = [consume(now, "s"), now.append()];
    await ready(consumer, appender);
    const ids = (await appender.append([publicDraft("waits", "r1")])).map(idOf);
    await now.close();
    await raw(1).eval(COMMAND, 0);
    const before = earlier(1);
    const [old, oldAppender] = [consume(before), before.append()];
    await ready(old, oldAppender);
    expect((await oldAppender.append([publicDraft("waits", "r1")])).map(idOf)).toEqual(ids);
    expect((await next(old)).map(contentOf)).toEqual(["waits"]);
    expect(await raw(1).keys("{parley/1}:*")).toEqual([]);
    // The next upgrade doesn't wait for the persisters of the version before.
    await ready(consume(bus({ db: 1 }), "s"));
    expect(moves().length).toBe(1);
  });

  it("L38: from database 1 without a namespace to one with a namespace", async () => {
    const before = earlier(1);
    await ready(consume(before));
    await before.close();
    const plain = bus({ db: 1 });
    await ready(consume(plain, "s"));
    await plain.close();
    await ready(consume(bus({ db: 1, namespace: "x" }), "s"));
    expect(moves()).toEqual([
      { type: "log-moved", from: "{parley}", to: "{parley/1}" },
      { type: "log-moved", from: "{parley/1}", to: "{parley/1:x}" },
    ]);
  });
});
