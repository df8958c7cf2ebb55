import { until } from "@parley/async";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisServer } from "../servers.ts";
import { draft, idOf, send } from "./fixture.ts";
import { expectLogOrder, Load, meantFor, type Sent, seenBy, USERS } from "./load.ts";
import { allStored, count, type RedisRig, redisRig, subscriber } from "./redis-rig.ts";

const redis = await redisServer();

describe.skipIf(!redis)("RedisLiveFeed under faults", { timeout: 60_000 }, () => {
  let rig: RedisRig;
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    if (redis) rig = await redisRig(redis);
  });
  afterEach(() => rig.close());

  /** Joins all USERS and returns their cursors, by audience. */
  async function joinAll(): Promise<ReadonlyMap<string, string>> {
    const cursors = await Promise.all(USERS.map(async (user) => [user, await rig.live.join(user)] as const));
    return new Map([...cursors, ["", cursors[0]?.[1] ?? ""]]);
  }
  /** Expects that each audience got all messages meant for it after its cursor, once, in order, and no others. */
  async function expectComplete(cursors: ReadonlyMap<string, string>, sent: readonly Sent[]) {
    await until(() => rig.delivered.at(-1)?.id === sent.at(-1)?.id, "the last is delivered", 20_000);
    for (const [audience, cursor] of cursors) {
      expect(seenBy(audience, rig.delivered).filter((id) => id > cursor)).toEqual(
        meantFor(audience, sent, cursor),
      );
    }
    expectLogOrder(rig.delivered);
  }
  const repairedAgain = () => until(() => rig.live.problem() === undefined, "the stream is live", 20_000);
  const downs = () => count(rig, "connection", { role: "live", up: false } as object);
  const repairedMessages = () =>
    rig.events.reduce((sum, event) => sum + (event.type === "repair" ? event.messages : 0), 0);

  it("L14: a subscriber that is killed again and again under load leaves no hole", async () => {
    const cursors = await joinAll();
    const load = new Load(rig.append);
    for (let kill = 1; kill <= 5; kill += 1) {
      await load.more(30);
      await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
      await until(() => downs() >= kill, "the interruption is noticed");
      await repairedAgain();
    }
    const sent = await load.end(500);
    await expectComplete(cursors, sent);
    expect(rig.gaps).toEqual([]);
    // On a busy machine the gateway may take a slow link for a lost one.
    expect(count(rig, "repair")).toBeGreaterThanOrEqual(5);
    expect(repairedMessages()).toBeGreaterThan(0);
  });

  it("L16: a hole of many pages is filled in order while more messages come, and joins wait for that (L17)", async () => {
    const cursors = await joinAll();
    const load = new Load(rig.append);
    await load.more(10);
    rig.proxy.refuse(true);
    rig.proxy.cut("rst", subscriber);
    const bulk = Array.from({ length: 3_000 }, (_, i) => draft("ann", "ben", `bulk ${i}`));
    const bulkSent = (await rig.append.append(bulk)).map((result, i) => ({
      id: idOf(result),
      draft: bulk[i] ?? draft("ann", "ben", ""),
    }));
    const from = rig.delivered.length;
    const joined = rig.live.join("eve").then((cursor) => ({ cursor, delivered: rig.delivered.length }));
    rig.proxy.refuse(false);
    await repairedAgain();
    const eve = await joined;
    const sent = await load.end(500);
    const toEve = await send(rig.append, draft("ann", "eve", "hello"));
    const all = [...sent, ...bulkSent, { id: toEve, draft: draft("ann", "eve", "hello") }];
    await expectComplete(
      cursors,
      all.sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    expect(repairedMessages()).toBeGreaterThanOrEqual(3_000);
    expect(rig.gaps).toEqual([]);
    // `join` read eve's cursor only after the hole was filled.
    expect(eve.delivered - from).toBeGreaterThan(3_000);
    expect(eve.cursor > (bulkSent.at(-1)?.id ?? "")).toBe(true);
    expect(seenBy("eve", rig.delivered)).toEqual([toEve]);
  });

  it("L15: a silent link is noticed by the markers that are missing, also by a gateway that appends nothing", async () => {
    const cursors = await joinAll();
    const first = await send(rig.append, draft("ann", "ben", "before"));
    await until(() => rig.delivered.at(-1)?.id === first, "the message is delivered");
    const links = new Set(rig.proxy.links(subscriber).map(({ id }) => id));
    rig.proxy.set("down", "swallow", ({ id }) => links.has(id));
    const started = performance.now();
    await send(rig.append, draft("strange", "others", "not for this gateway"));
    const second = await send(rig.append, draft("ann", "ben", "missed"));
    await until(() => downs() >= 1, "the interruption is noticed");
    const noticed = performance.now() - started;
    await repairedAgain();
    const sent = [
      { id: first, draft: draft("ann", "ben", "before") },
      { id: second, draft: draft("ann", "ben", "missed") },
    ];
    await expectComplete(cursors, sent);
    expect([links.size, repairedMessages() >= 2, rig.gaps]).toEqual([1, true, []]);
    expect(rig.delivered.filter(({ from }) => from === "strange")).toEqual([]);
    expect(noticed).toBeGreaterThan(400);
  });

  it("L15: a quiet link is not taken for a silent one, and its repair starts at the last marker", async () => {
    await joinAll();
    await send(rig.append, draft("ann", "", "before"));
    // No user of this gateway receives the following messages, so only markers tell the gateway about them.
    const bulk = await rig.append.append(Array.from({ length: 300 }, (_, i) => draft("x", "y", `${i}`)));
    await until(() => allStored(rig.tail), "all is stored");
    const last = idOf(bulk.at(-1));
    const markers = async () => Number(/calls=(\d+)/.exec(await publishes())?.[1] ?? 0);
    const publishes = async () =>
      /cmdstat_publish:.*/.exec(await rig.command("INFO", "commandstats"))?.[0] ?? "";
    /** Waits for markers. Resolves with true if the link was kept meanwhile, as it is unless the machine stalls. */
    const staysUp = async () => {
      const [lost, before] = [downs(), await markers()];
      await until(async () => (await markers()) >= before + 4, "markers passed");
      return downs() === lost;
    };
    await until(staysUp, "a quiet link that is kept");
    const repairs = count(rig, "repair");
    await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => count(rig, "repair") > repairs, "the stream was repaired");
    expect(repairedMessages()).toBe(0);
    expect((await rig.live.join("y")) >= last).toBe(true);
  });

  it("L18: a hole that was trimmed is a gap, and later messages are delivered", async () => {
    await joinAll();
    await send(rig.append, draft("ann", "ben", "before"));
    await until(() => rig.delivered.length === 2, "the message is delivered");
    rig.proxy.refuse(true);
    rig.proxy.cut("rst", subscriber);
    const missed = idOf((await rig.append.append([draft("ann", "", "1"), draft("ann", "", "2")]))[1]);
    await until(() => allStored(rig.tail), "all is stored");
    await rig.trim();
    rig.proxy.refuse(false);
    await repairedAgain();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until(() => rig.delivered.at(-1)?.id === next, "the next is delivered");
    expect(rig.gaps).toEqual([{ cursor: missed, after: 2 }]);
    expect(rig.delivered.map(({ content }) => content)).toEqual(["before", "before", "next"]);
    expect(count(rig, "gap", { reason: "trimmed" } as object)).toBe(1);
  });

  it("L3: a log that is flushed and created again under a live connection is a gap", async () => {
    await joinAll();
    const before = await send(rig.append, draft("ann", "", "before"));
    await until(() => rig.delivered.length === 1, "the message is delivered");
    await rig.command("FLUSHALL");
    await until(() => rig.gaps.length > 0, "the new log is noticed");
    await repairedAgain();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until(() => rig.delivered.at(-1)?.id === next, "the next is delivered");
    expect(rig.gaps.length).toBe(1);
    expect(next > before).toBe(true);
    expect(next > (rig.gaps[0]?.cursor ?? "")).toBe(true);
    expect([downs(), count(rig, "gap", { reason: "replaced" } as object)]).toEqual([0, 1]);
  });

  it("L9: a failover, which may lose delivered messages, is a gap", async () => {
    await joinAll();
    // To its clients, Redis now looks like a replica that was promoted to master.
    await rig.command("REPLICAOF", "127.0.0.1", "1");
    await rig.command("REPLICAOF", "NO", "ONE");
    await rig.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => rig.gaps.length > 0, "the gap is reported");
    await repairedAgain();
    const next = await send(rig.append, draft("ann", "", "next"));
    await until(() => rig.delivered.at(-1)?.id === next, "the next is delivered");
    expect([rig.gaps.length, count(rig, "gap", { reason: "replaced" } as object)]).toEqual([1, 1]);
  });

  it("while there is no log, this is the problem and joins are unavailable", async () => {
    await rig.consume.trim();
    await rig.bus.persister.close();
    await rig.command("FLUSHALL");
    await until(() => /no log/.test(rig.live.problem() ?? ""), "the interruption is noticed");
    await expect(rig.live.join("ann")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("F6: after Redis was killed and restarted, the stream is repaired from its log without a gap", async () => {
    const cursors = await joinAll();
    const load = new Load(rig.append);
    await load.more(50);
    await rig.server.kill("SIGKILL");
    await until(() => downs() >= 1, "the interruption is noticed");
    await rig.server.restart();
    await until(() => !rig.live.problem() && !rig.append.problem(), "all roles are up", 20_000);
    await load.more(50);
    const sent = await load.end(300);
    await until(() => rig.delivered.at(-1)?.id === sent.at(-1)?.id, "the last is delivered", 20_000);
    // Messages whose append had an unknown outcome may have been delivered too.
    for (const [audience, cursor] of cursors) {
      const seen = new Set(seenBy(audience, rig.delivered));
      expect(meantFor(audience, sent, cursor).filter((id) => !seen.has(id))).toEqual([]);
    }
    expectLogOrder(rig.delivered);
    expect(rig.gaps).toEqual([]);
  });

  it("F5: while Redis stalls, this is the problem; afterwards everything is delivered without a gap", async () => {
    const cursors = await joinAll();
    const first = await send(rig.append, draft("ann", "ben", "before"));
    await rig.server.kill("SIGSTOP");
    await until(() => rig.live.problem() !== undefined, "the interruption is noticed");
    await expect(rig.live.join("eve")).rejects.toMatchObject({ code: "unavailable" });
    await rig.server.kill("SIGCONT");
    await until(() => !rig.live.problem() && !rig.append.problem(), "all roles are up", 20_000);
    const second = await send(rig.append, draft("ann", "ben", "after"));
    const sent = [
      { id: first, draft: draft("ann", "ben", "before") },
      { id: second, draft: draft("ann", "ben", "after") },
    ];
    await expectComplete(cursors, sent);
    expect(rig.gaps).toEqual([]);
  });

  it("L17: 2,000 joins at once take a handful of commands, and each user gets messages", async () => {
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
    await until(() => rig.delivered.length === users.length, "every user has the message");
    expect(rig.delivered.map(({ audience }) => audience)).toEqual(users);
  });

  it("joins and leaves in any order end with exactly the last wanted subscriptions", async () => {
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
    await until(async () => (await channels()).length === joined.size, "Redis has applied all changes");
    expect((await channels()).sort()).toEqual([...joined].sort());
  });
});
