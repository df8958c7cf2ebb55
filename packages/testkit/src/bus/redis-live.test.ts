import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisServer } from "../servers.ts";
import { draft, idOf, send, until } from "./fixture.ts";
import { expectLogOrder, Load, meantFor, type Sent, seenBy, USERS } from "./load.ts";
import { allStored, count, type RedisRig, redisRig, subscriber } from "./redis-rig.ts";

const redis = await redisServer();

describe.skipIf(!redis)("RedisLive under faults", { timeout: 60_000 }, () => {
  let rig: RedisRig;
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    if (redis) rig = await redisRig(redis);
  });
  afterEach(() => rig.close());

  /** Everybody of USERS has joined; the cursors by audience. */
  async function everybody(): Promise<ReadonlyMap<string, string>> {
    const cursors = await Promise.all(USERS.map(async (user) => [user, await rig.live.join(user)] as const));
    return new Map([...cursors, ["", cursors[0]?.[1] ?? ""]]);
  }
  /** All that was meant for each audience after its cursor was told, once, in order, and nothing else. */
  async function expectWhole(cursors: ReadonlyMap<string, string>, sent: readonly Sent[]) {
    await until("the last is told", () => rig.told.at(-1)?.id === sent.at(-1)?.id, 20_000);
    for (const [audience, cursor] of cursors) {
      expect(seenBy(audience, rig.told).filter((id) => id > cursor)).toEqual(
        meantFor(audience, sent, cursor),
      );
    }
    expectLogOrder(rig.told);
  }
  const whole = () => until("the stream is whole", () => rig.live.problem() === undefined, 20_000);
  const downs = () => count(rig, "connection", { role: "live", up: false } as object);
  const repaired = () =>
    rig.events.reduce((sum, event) => sum + (event.type === "repair" ? event.messages : 0), 0);

  it("L14: a subscriber killed under load, over and over, leaves no hole", async () => {
    const cursors = await everybody();
    const load = new Load(rig.append);
    for (let kill = 1; kill <= 5; kill += 1) {
      await load.more(30);
      await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
      await until("it is noticed", () => downs() >= kill);
      await whole();
    }
    const sent = await load.end(500);
    await expectWhole(cursors, sent);
    expect(rig.gaps).toEqual([]);
    expect([count(rig, "repair"), repaired() > 0]).toEqual([5, true]);
  });

  it("L16: a hole of many pages is told in order while more comes in, and joins wait for it (L17)", async () => {
    const cursors = await everybody();
    const load = new Load(rig.append);
    await load.more(10);
    rig.proxy.refuse(true);
    rig.proxy.cut("rst", subscriber);
    const bulk = Array.from({ length: 3_000 }, (_, i) => draft("ann", "ben", `bulk ${i}`));
    const bulkSent = (await rig.append.append(bulk)).map((result, i) => ({
      id: idOf(result),
      draft: bulk[i] ?? draft("ann", "ben", ""),
    }));
    const from = rig.told.length;
    const joined = rig.live.join("eve").then((cursor) => ({ cursor, told: rig.told.length }));
    rig.proxy.refuse(false);
    await whole();
    const eve = await joined;
    const sent = await load.end(500);
    const toEve = await send(rig.append, draft("ann", "eve", "hello"));
    const all = [...sent, ...bulkSent, { id: toEve, draft: draft("ann", "eve", "hello") }];
    await expectWhole(
      cursors,
      all.sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    expect(repaired()).toBeGreaterThanOrEqual(3_000);
    expect(rig.gaps).toEqual([]);
    // Its cursor was read after the hole was filled.
    expect(eve.told - from).toBeGreaterThan(3_000);
    expect(eve.cursor > (bulkSent.at(-1)?.id ?? "")).toBe(true);
    expect(seenBy("eve", rig.told)).toEqual([toEve]);
  });

  it("L15: a link gone silent is noticed within 2 s, also by a gateway that appends nothing", async () => {
    const cursors = await everybody();
    const first = await send(rig.append, draft("ann", "ben", "before"));
    await until("it is told", () => rig.told.at(-1)?.id === first);
    const links = new Set(rig.proxy.links(subscriber).map(({ id }) => id));
    rig.proxy.set("down", "swallow", ({ id }) => links.has(id));
    const started = performance.now();
    await send(rig.append, draft("strange", "others", "not for this gateway"));
    const second = await send(rig.append, draft("ann", "ben", "unheard"));
    await until("it is noticed", () => downs() === 1, 2_000);
    const noticed = performance.now() - started;
    await whole();
    const sent = [
      { id: first, draft: draft("ann", "ben", "before") },
      { id: second, draft: draft("ann", "ben", "unheard") },
    ];
    await expectWhole(cursors, sent);
    expect([links.size, repaired() >= 2, rig.gaps]).toEqual([1, true, []]);
    expect(rig.told.filter(({ from }) => from === "strange")).toEqual([]);
    expect(noticed).toBeGreaterThan(400);
  });

  it("L15: a quiet gateway is not taken for a silent one, and repairs from now, not from hours ago", async () => {
    await everybody();
    await send(rig.append, draft("ann", "", "heard"));
    // Nobody here listens for what follows: only markers tell of it.
    const bulk = await rig.append.append(Array.from({ length: 300 }, (_, i) => draft("x", "y", `${i}`)));
    await until("all is stored", () => allStored(rig.tail));
    const last = idOf(bulk.at(-1));
    const markers = async () => Number(/calls=(\d+)/.exec(await publishes())?.[1] ?? 0);
    const publishes = async () =>
      /cmdstat_publish:.*/.exec(await rig.command("INFO", "commandstats"))?.[0] ?? "";
    const before = await markers();
    await until("markers passed", async () => (await markers()) >= before + 4);
    expect(downs()).toBe(0);
    await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until("it was repaired", () => count(rig, "repair") === 1);
    expect(repaired()).toBe(0);
    expect((await rig.live.join("y")) >= last).toBe(true);
  });

  it("L18: a hole that reaches back to what was trimmed is a gap, and what follows it is told", async () => {
    await everybody();
    await send(rig.append, draft("ann", "ben", "heard"));
    await until("it is told", () => rig.told.length === 2);
    rig.proxy.refuse(true);
    rig.proxy.cut("rst", subscriber);
    const missed = idOf((await rig.append.append([draft("ann", "", "1"), draft("ann", "", "2")]))[1]);
    await until("all is stored", () => allStored(rig.tail));
    await rig.trim();
    rig.proxy.refuse(false);
    await whole();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until("the next is told", () => rig.told.at(-1)?.id === next);
    expect(rig.gaps).toEqual([{ cursor: missed, after: 2 }]);
    expect(rig.told.map(({ content }) => content)).toEqual(["heard", "heard", "next"]);
    expect(count(rig, "gap", { reason: "trimmed" } as object)).toBe(1);
  });

  it("L3: a log that is flushed and made again under a live connection is a gap", async () => {
    await everybody();
    const before = await send(rig.append, draft("ann", "", "before"));
    await until("it is told", () => rig.told.length === 1);
    await rig.command("FLUSHALL");
    await until("a new log is there and told", () => rig.gaps.length > 0);
    await whole();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until("the next is told", () => rig.told.at(-1)?.id === next);
    expect(rig.gaps.length).toBe(1);
    expect(next > before).toBe(true);
    expect(next > (rig.gaps[0]?.cursor ?? "")).toBe(true);
    expect([downs(), count(rig, "gap", { reason: "replaced" } as object)]).toEqual([0, 1]);
  });

  it("L9: after a failover, which may have lost what was told, there is a gap", async () => {
    await everybody();
    // What a replica goes through that becomes the master, as far as its clients can see.
    await rig.command("REPLICAOF", "127.0.0.1", "1");
    await rig.command("REPLICAOF", "NO", "ONE");
    await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until("it is told", () => rig.gaps.length > 0);
    await whole();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until("the next is told", () => rig.told.at(-1)?.id === next);
    expect([rig.gaps.length, count(rig, "gap", { reason: "replaced" } as object)]).toEqual([1, 1]);
  });

  it("while there is no log that is the problem, and joins are unavailable", async () => {
    await rig.consume.trim();
    await rig.bus.persister.close();
    await rig.command("FLUSHALL");
    await until("it is noticed", () => /no log/.test(rig.live.problem() ?? ""));
    await expect(rig.live.join("ann")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("F6: Redis killed and started again: repaired from its log, no gap", async () => {
    const cursors = await everybody();
    const load = new Load(rig.append);
    await load.more(50);
    await rig.server.kill("SIGKILL");
    await until("it is noticed", () => downs() === 1);
    await rig.server.restart();
    await until("all are back", () => !rig.live.problem() && !rig.append.problem(), 20_000);
    await load.more(50);
    const sent = await load.end(300);
    await until("the last is told", () => rig.told.at(-1)?.id === sent.at(-1)?.id, 20_000);
    // What was unknown to its sender may have been told too.
    for (const [audience, cursor] of cursors) {
      const seen = new Set(seenBy(audience, rig.told));
      expect(meantFor(audience, sent, cursor).filter((id) => !seen.has(id))).toEqual([]);
    }
    expectLogOrder(rig.told);
    expect(rig.gaps).toEqual([]);
  });

  it("F5: while Redis stalls that is the problem; after it everything is told, and nothing is a gap", async () => {
    const cursors = await everybody();
    const first = await send(rig.append, draft("ann", "ben", "before"));
    await rig.server.kill("SIGSTOP");
    await until("it is noticed", () => rig.live.problem() !== undefined, 3_000);
    await expect(rig.live.join("eve")).rejects.toMatchObject({ code: "unavailable" });
    await rig.server.kill("SIGCONT");
    await until("all are back", () => !rig.live.problem() && !rig.append.problem(), 20_000);
    const second = await send(rig.append, draft("ann", "ben", "after"));
    const sent = [
      { id: first, draft: draft("ann", "ben", "before") },
      { id: second, draft: draft("ann", "ben", "after") },
    ];
    await expectWhole(cursors, sent);
    expect(rig.gaps).toEqual([]);
  });

  it("L17: a storm of 2,000 joins takes a handful of commands, and each of them hears", async () => {
    const users = Array.from({ length: 2_000 }, (_, i) => `user${i}`);
    await rig.command("CONFIG", "RESETSTAT");
    const cursors = await Promise.all(users.map((user) => rig.live.join(user)));
    const stats = await rig.command("INFO", "commandstats");
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect(calls("subscribe")).toBeLessThanOrEqual(4);
    expect(calls("multi")).toBeLessThanOrEqual(4);
    const end = await rig.tail.position();
    expect(cursors.every((cursor) => cursor <= end)).toBe(true);
    await rig.append.append(users.map((user) => draft("ann", user, "hello")));
    await until("everybody is told", () => rig.told.length === users.length);
    expect(rig.told.map(({ audience }) => audience)).toEqual(users);
  });

  it("joins and leaves in any order end with listening for exactly those who joined last", async () => {
    const users = Array.from({ length: 30 }, (_, i) => `user${i}`);
    const joined = new Set<string>();
    let joins: Promise<unknown>[] = [];
    for (let step = 0; step < 3_000; step += 1) {
      const user = users[(step * 7 + Math.floor(step / 11)) % users.length] ?? "";
      if (joined.delete(user)) rig.live.leave(user);
      else {
        joined.add(user);
        joins.push(rig.live.join(user));
      }
      if (step % 50 !== 49) continue;
      await Promise.all(joins);
      joins = [];
    }
    const channels = async () =>
      [...(await rig.command("PUBSUB", "CHANNELS", "*user*")).matchAll(/user:(user\d+)/g)].map(
        ([, user]) => user,
      );
    await until("Redis knows", async () => (await channels()).length === joined.size);
    expect((await channels()).sort()).toEqual([...joined].sort());
  });
});
