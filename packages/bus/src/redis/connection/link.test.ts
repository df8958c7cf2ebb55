import { until } from "@parley/async";
import type { Redis } from "ioredis";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { BusEvent } from "../../events.ts";
import { RefusedError } from "../errors.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";
import { parseRedisUrl } from "./address.ts";
import { Link, type LinkOptions } from "./link.ts";

const rig = await startRig({ args: ["--requirepass", "s3cret/+"] });

describe.skipIf(!rig)("a link", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  const events: BusEvent[] = [];
  const links: Link[] = [];
  const url = () => redis.server.url.replace("redis://", "redis://:s3cret%2F%2B@");

  function link({ url: of = url(), ...options }: Partial<LinkOptions> & { url?: string } = {}): Link {
    const observe = (event: BusEvent) => events.push(event);
    const address = parseRedisUrl(of);
    const one = new Link({ address, role: "test", observe, commandTimeoutMs: 2_000, ...options });
    links.push(one);
    return one;
  }
  const up = (one: Link) => until(() => one.problem() === undefined, "it is up");
  const forever = new AbortController().signal;

  afterEach(async () => {
    await redis.server.kill("SIGCONT");
    await Promise.all(links.splice(0).map((one) => one.close()));
    events.length = 0;
  });
  afterAll(() => redis.stop());

  it("comes up with user, password and database of its URL, and goes down when it is closed", async () => {
    const one = link({ url: `${url()}/3` });
    const client = await one.ready(forever);
    expect(await client.client("INFO")).toMatch(/name=parley-test .* db=3 /);
    await one.close();
    expect(one.client).toBeUndefined();
    expect(events).toEqual([
      { type: "connecting", role: "test" },
      { type: "connection", role: "test", up: true },
      { type: "connection", role: "test", up: false, reason: "closed" },
    ]);
    await expect(one.ready(forever)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("reports why it is down, without the password", async () => {
    const one = link({ url: redis.server.url.replace("redis://", "redis://:wrong-one@") });
    await until(() => one.problem()?.includes("WRONGPASS"), "the problem is reported");
    expect(one.problem()).not.toContain("wrong-one");
    const unreachable = link({ url: "redis://127.0.0.1:1" });
    await until(() => unreachable.problem()?.includes("ECONNREFUSED"), "the problem is reported");
    expect(() => one.use()).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  it("is up only once it is prepared; a failed preparation is its problem until one succeeds", async () => {
    let refuse = true;
    const prepared: Redis[] = [];
    const one = link({
      prepare: async (client) => {
        if (refuse) throw new Error("not as it should be");
        await client.ping();
        prepared.push(client);
      },
    });
    await until(() => one.problem()?.includes("not as it should be"), "the problem is reported");
    expect(one.client).toBeUndefined();
    refuse = false;
    await up(one);
    expect(prepared).toEqual([one.client]);
  });

  it("L6: when the connection is lost, commands in flight reject, nothing is sent twice, and it connects again", async () => {
    let downs = 0;
    const one = link({ commandTimeoutMs: 10_000, onDown: () => (downs += 1) });
    const client = await one.ready(forever);
    const id = await client.client("ID");
    // The rejection is handled from the start, because the command may reject before the reply to KILL arrives.
    const waiting = expect(one.run((c) => c.blpop("nothing", 0))).rejects.toMatchObject({
      code: "unavailable",
    });
    const outside = link();
    await (await outside.ready(forever)).client("KILL", "ID", id);
    const killed = performance.now();
    await waiting;
    expect(performance.now() - killed).toBeLessThan(9_000);
    await until(() => one.client && one.client !== client, "the connection is a new one");
    expect(await one.run((c) => c.client("LIST"))).not.toMatch(/cmd=blpop/);
    expect(downs).toBe(1);
    await one.close();
    expect(downs).toBe(2);
  });

  it("L6: a call without a reply is unavailable, and the connection is replaced", async () => {
    const one = link();
    const client = await one.ready(forever);
    await redis.server.kill("SIGSTOP");
    await expect(one.run((c) => c.ping())).rejects.toMatchObject({ code: "unavailable" });
    expect(one.client).toBeUndefined();
    await redis.server.kill("SIGCONT");
    expect(await one.ready(forever)).not.toBe(client);
  });

  it("P13: replies that arrive after the connection was replaced are unavailable, like those that never arrive", async () => {
    const one = link({ commandTimeoutMs: 10_000 });
    const client = await one.ready(forever);
    await redis.server.kill("SIGSTOP");
    const outcomes = Promise.allSettled([one.run((c) => c.ping()), one.run((c) => c.incr("late"))]);
    one.replace(client, "for a test");
    await redis.server.kill("SIGCONT");
    const unavailable = { status: "rejected", reason: { code: "unavailable" } };
    expect(await outcomes).toMatchObject([unavailable, unavailable]);
  });

  it("an error reply keeps the connection and does not hold the command", async () => {
    const one = link();
    const client = await one.ready(forever);
    const error: unknown = await one
      .run((c) => c.call("XADD", "secret", "0-0", "a", "b"))
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RefusedError);
    expect(JSON.stringify(Object.entries(error as object))).not.toMatch(/secret/);
    expect(one.client).toBe(client);
  });

  it("leaves a server that has become a replica", async () => {
    const one = link();
    const client = await one.ready(forever);
    const operator = await link().ready(forever);
    const set = (c: Redis) => c.set("x", "y");
    await operator.call("REPLICAOF", "127.0.0.1", "1");
    await expect(one.run(set)).rejects.toMatchObject({ code: "unavailable" });
    expect(one.client).not.toBe(client);
    await until(() => one.problem()?.includes("replica"), "the problem is reported");
    await operator.call("REPLICAOF", "NO", "ONE");
    await up(one);
    expect(await one.run(set)).toBe("OK");
  });

  it("waits for a connection until its signal is aborted or it is closed", async () => {
    const one = link({ url: "redis://127.0.0.1:1" });
    await expect(one.ready(AbortSignal.timeout(20))).rejects.toMatchObject({ name: "TimeoutError" });
    const closed = one.ready(forever);
    await one.close();
    await expect(closed).rejects.toMatchObject({ code: "unavailable" });
  });

  it("replaces a connection once, however often it is asked to", async () => {
    const one = link();
    const client = await one.ready(forever);
    one.replace(client, "first");
    one.replace(client, "second");
    await until(() => one.client && one.client !== client, "the connection is a new one");
    one.replace(client, "late");
    expect(one.client).toBeDefined();
    expect(events.filter((e) => e.type === "connection" && !e.up)).toEqual([
      { type: "connection", role: "test", up: false, reason: "first" },
    ]);
  });
});
