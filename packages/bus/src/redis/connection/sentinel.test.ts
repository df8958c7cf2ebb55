import { until } from "@parley/async";
import { type LocalServer, redisCommand, type SentinelGroup } from "@parley/local";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { contentOf } from "../../test/entries.ts";
import { GROUP, LOG, META } from "../test/names.ts";
import { idOf, publicDraft } from "../test/redis-rig.ts";
import {
  asked,
  failedOver,
  logOf,
  type RunningRoles,
  rolesOn,
  runRoles,
  Senders,
  startGroup,
} from "../test/sentinel-rig.ts";

const ROLES = ["append", "consume", "live", "read", "tail", "tail-position"];

const started = await startGroup();

const forever = new AbortController().signal;

describe.skipIf(!started)("behind Sentinel", { timeout: 90_000 }, () => {
  const group = started as SentinelGroup;
  let roles: RunningRoles | undefined;
  let killed: LocalServer | undefined;

  async function open(durability: "local" | "replicated"): Promise<RunningRoles> {
    roles = await runRoles({ url: group.url, durability });
    await roles.ready();
    return roles;
  }
  async function kill(server: LocalServer): Promise<void> {
    killed = server;
    await server.kill("SIGKILL");
  }
  afterEach(async () => {
    await roles?.close();
    await killed?.restart();
    roles = killed = undefined;
  });
  afterAll(() => group.stop());

  it("L9: SIGKILL of the master under load: acknowledged messages are in the new master's log, once, in order", async () => {
    const { append, tail, heard, gaps, stored, ready } = await open("replicated");
    const old = await group.master();
    const epoch = await redisCommand(old.port, "HGET", META, "epoch");
    const senders = new Senders(append);
    await senders.moreAcked(300);
    const before = [...senders.acked.values()];
    await kill(old);
    const now = await failedOver(group, old);
    await senders.moreAcked(100);
    await ready();
    await senders.moreAcked(200);
    await senders.end();

    const acked = [...senders.acked];
    await expectKept(senders, now);
    for (const sender of ["0-", "7-"]) {
      const ids = acked.filter(([ref]) => ref.startsWith(sender)).map(([, id]) => id);
      expect(ids).toEqual(ids.toSorted());
    }
    const after = acked.slice(-200).map(([, id]) => id);
    expect(after.every((id) => before.every((earlier) => id > earlier))).toBe(true);
    expect(await redisCommand(now.port, "HGET", META, "epoch")).toBe(epoch);

    const last =
      acked
        .map(([, id]) => id)
        .toSorted()
        .at(-1) ?? "";
    await until(() => acked.every(([, id]) => stored.has(id)), "the persister has every message", 20_000);
    await until(async () => (await pending(now)) === 0, "nothing is pending", 20_000);
    expect(await tail.position()).toBe(last);
    await until(() => heard.at(-1) === last, "the last message is delivered live", 20_000);
    expect(gaps.length).toBeGreaterThan(0);
    const told = new Set(heard);
    const { after: broken = 0, cursor = "" } = gaps.at(-1) ?? {};
    expect(acked.filter(([, id]) => id > cursor && !told.has(id))).toEqual([]);
    expect(heard.slice(broken)).toEqual([...new Set(heard.slice(broken))].toSorted());
  });

  it("L22: SENTINEL FAILOVER: all roles leave the old master at once, though it still answers", async () => {
    await group.settled();
    const { append, live, tail, consume, events, gaps, heard, stored, ready } = await open("replicated");
    const old = await group.master();
    await live.join("alice");
    const origin = await tail.watermark();
    const [first] = await append.append([publicDraft("before", "before")]);
    const from = await tail.position();
    expect(await tail.read(origin, forever)).toMatchObject({ kind: "read", position: from });
    expect(await rolesOn(old)).toEqual(ROLES);
    const now = await group.failOver(group.sentinels[1] as LocalServer);
    let roles = "";
    const areAllThere = async () => {
      roles = `${await rolesOn(now)}`;
      return roles === `${ROLES}`;
    };
    await until(areAllThere, () => `all are on the new master, which has ${roles}`, 30_000);
    await until(async () => `${await rolesOn(old)}` === "", "none is on the old one", 30_000);
    await ready();
    const left = events.filter(
      (event) => event.type === "connection" && /named another/.test(event.reason ?? ""),
    );
    expect(left.length).toBeGreaterThan(0);
    expect(gaps.length).toBeGreaterThan(0);

    let id = "";
    await until(async () => {
      const [result] = await append.append([publicDraft("after", "after")]);
      if (result?.ok) id = result.id;
      return result?.ok;
    }, "a replica of the new master confirms");
    expect(id > idOf(first)).toBe(true);
    expect(await tail.position()).toBe(id);
    await until(() => heard.includes(id), "the message is delivered live");
    await until(() => stored.has(id), "the message is delivered to the persister");
    expect(await tail.read(from, forever)).toEqual({ kind: "lost" });
    const read = await tail.read(from, forever);
    expect(read.kind === "read" && read.entries.map((entry) => contentOf({ entry }))).toEqual(["after"]);
    await consume.trim();
  });

  it("L9: SENTINEL FAILOVER under load, with writes paused before: no acknowledged message is lost", async () => {
    await group.settled();
    const { append, ready } = await open("replicated");
    const old = await group.master();
    const senders = new Senders(append);
    await senders.moreAcked(200);
    await redisCommand(old.port, "CLIENT", "PAUSE", "90000", "WRITE");
    const now = await group.failOver(group.sentinels[2] as LocalServer);
    await ready();
    await senders.moreAcked(200);
    await senders.end();
    await expectKept(senders, now);
    // The old master becomes a replica only after the pause.
    expect(await rolesOn(old)).toEqual([]);
    await redisCommand(old.port, "CLIENT", "UNPAUSE");
  });

  it("L9: with local durability a failover loses what no replica had; clients are told to sync, ids do not go back", async () => {
    await group.settled();
    const { append, tail, live, events, gaps, stored, ready } = await open("local");
    const old = await group.master();
    await live.join("alice");
    // Replicas without the password cannot reconnect to their master.
    const disconnected = await asked(old, async (redis) => {
      await redis.config("SET", "requirepass", "for-a-moment");
      return await redis.call("CLIENT", "KILL", "TYPE", "replica");
    });
    expect(disconnected).toBe(2);
    const lost = idOf((await append.append([publicDraft("on no replica", "lost")]))[0]);
    await until(() => stored.has(lost), "the persister has it");
    const gapsBefore = gaps.length;
    await kill(old);
    const now = await failedOver(group, old);
    await until(() => gaps.length > gapsBefore, "a gap is reported", 30_000);
    await ready();
    expect((await logOf(now)).map(({ id }) => id)).not.toContain(lost);
    // The store has the lost message, so no other message may get its id.
    expect(events).toContainEqual({ type: "log-raised" });
    const next = idOf((await append.append([publicDraft("next", "next")]))[0]);
    expect(next > lost).toBe(true);
    expect(await tail.position()).toBe(next);
  });

  it("F5: it connects while two of three Sentinels are frozen", async () => {
    const [first, second] = group.sentinels;
    await Promise.all([first?.kill("SIGSTOP"), second?.kill("SIGSTOP")]);
    try {
      await open("local");
    } finally {
      await Promise.all([first?.kill("SIGCONT"), second?.kill("SIGCONT")]);
    }
  });

  it("reports the problem when no Sentinel knows the master, and when none answers", async () => {
    const unknown = await runRoles({ url: group.url.replace(`/${group.name}`, "/another") });
    await until(
      () => /invalid reply: null/.test(unknown.append.problem() ?? ""),
      "the problem is reported",
      20_000,
    );
    const unreachable = await runRoles({ url: "redis+sentinel://:hunter2@127.0.0.1:1,127.0.0.1:2/parley" });
    await until(
      () => /failed to connect to sentinel/.test(unreachable.append.problem() ?? ""),
      "the problem is reported",
      20_000,
    );
    expect(unreachable.append.problem()).not.toContain("hunter2");
    await Promise.all([unknown.close(), unreachable.close()]);
  });
});

/** Every acknowledged message is in the log under its acknowledged id, and no message is there twice. */
async function expectKept(senders: Senders, server: LocalServer): Promise<void> {
  const log = await logOf(server);
  const byRef = new Map(log.map(({ ref, id }) => [ref, id]));
  expect([...senders.acked].filter(([ref, id]) => byRef.get(ref) !== id)).toEqual([]);
  expect(byRef.size).toBe(log.length);
}

async function pending(server: LocalServer): Promise<number> {
  const [count] = (await asked(server, (redis) => redis.xpending(LOG, GROUP))) as [number];
  return count;
}
