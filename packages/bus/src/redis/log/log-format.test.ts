import { until } from "@parley/async";
import { contentDigest, encodeBody, encodeChange, formatId, ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { decodePublished } from "../format/entry.ts";
import type { LogFormat } from "../format/log-format.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { LOG, META, PUBLIC_CHANNEL } from "../test/names.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED = formatId({ ms: 1_700_000_000_000, seq: 5 });

describe.skipIf(!rig)("the log's format", { timeout: 60_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());

  const ready = (...roles: { problem(): string | undefined }[]) =>
    until(() => roles.every((role) => !role.problem()), "the roles are ready", 20_000);
  /** Starts a persister with ENTRIES, or without it, and returns the log's format. */
  const formatAfter = async (format: LogFormat | undefined, lastStored = ORIGIN) => {
    const bus = redis.bus({ format });
    await ready(bus.consume({ lastStored: async () => lastStored }));
    await bus.close();
    return await redis.raw.hget(META, "format");
  };
  const changes = () => redis.events.filter(({ type }) => type === "log-format");

  it("L25: the log of a new installation has format 2", async () => {
    expect(await formatAfter(undefined)).toBe("2");
    expect(await formatAfter(undefined, STORED)).toBe("2");
  });

  it("L25: a log that was lost has format 1, because earlier versions may run, unless ENTRIES says 2", async () => {
    expect(await formatAfter(undefined, STORED)).toBe("1");
    await redis.raw.flushall();
    expect(await formatAfter(2, STORED)).toBe("2");
    expect(changes()).toEqual([]);
  });

  it("L25: a log of an earlier version keeps format 1 until ENTRIES raises it, and ENTRIES lowers it again", async () => {
    await formatAfter(undefined);
    await redis.raw.hdel(META, "format");
    expect(await formatAfter(undefined)).toBeNull();
    expect(await formatAfter(2)).toBe("2");
    expect(await formatAfter(2)).toBe("2");
    expect(await formatAfter(undefined)).toBe("2");
    expect(await formatAfter(1)).toBe("1");
    expect(changes()).toEqual([
      { type: "log-format", from: "1", to: "2" },
      { type: "log-format", from: "2", to: "1" },
    ]);
  });

  it("L25: a repaired log keeps its format", async () => {
    await formatAfter(undefined);
    await redis.raw.hdel(META, "entries");
    expect(await formatAfter(undefined)).toBe("2");
    expect(redis.events).toContainEqual(expect.objectContaining({ type: "warning" }));
  });

  it("L25: a Redis without memory keeps no persister from connecting, and the format is changed later", async () => {
    await formatAfter(1);
    await redis.raw.config("SET", "maxmemory", "1mb");
    expect(await formatAfter(2)).toBe("1");
    await redis.raw.config("SET", "maxmemory", "0");
    expect(await formatAfter(2)).toBe("2");
  });

  it("L25: gateways obey the format with the next call, and read both forms at any time", async () => {
    await formatAfter(1);
    const heard: string[] = [];
    const bus = redis.bus();
    const append = bus.append();
    const live = bus.live({ message: (_audience, { id }) => heard.push(id), gap: () => heard.push("gap") });
    await ready(append, live);
    const published: string[] = [];
    const listener = redis.raw.duplicate();
    listener.on("message", (_channel: string, payload: string) => published.push(payload));
    await listener.subscribe(PUBLIC_CHANNEL);
    const ids = (await append.append([publicDraft("at 1")])).map(idOf);
    await formatAfter(2);
    ids.push(...(await append.append([publicDraft("at 2")])).map(idOf));
    await until(() => heard.length === 2 && published.length === 2, "both are heard");
    listener.disconnect();
    const epoch = await redis.raw.hget(META, "epoch");
    expect(published.map((payload) => decodePublished(payload)?.epoch)).toEqual([undefined, epoch]);
    expect(heard).toEqual(ids);
    const entries = await redis.raw.xrange(LOG, "-", "+");
    expect(entries.map(([, [, version]]) => version)).toEqual(["1", "1"]);
  });

  it("L25: what is published of a change names the log and its kind, and a message with meta is published as one", async () => {
    await formatAfter(2);
    const append = redis.bus().append();
    await ready(append);
    const message = publicDraft("hi");
    const [id = ""] = (await append.append([message])).map(idOf);
    const published: string[] = [];
    const listener = redis.raw.duplicate();
    listener.on("message", (_channel: string, payload: string) => published.push(payload));
    await listener.subscribe(PUBLIC_CHANNEL);
    const digest = contentDigest(message);
    const change = { kind: "edit", from: "alice", to: "", id, digest, content: "ho" } as const;
    const withMeta = { ...message, meta: '{"n":1}' };
    const ids = (await append.append([change, withMeta])).map(idOf);
    await until(() => published.length === 2, "both are published");
    listener.disconnect();
    const epoch = await redis.raw.hget(META, "epoch");
    const [edit, plain] = ids.map(streamIdOf);
    expect(published).toEqual([
      `${edit} ${epoch} edit ${encodeChange(change)}`,
      `${plain} ${epoch} ${encodeBody(withMeta)}`,
    ]);
    // The version before this one takes only a text that begins a body, so it leaves this payload out.
    expect(published[0]?.split(" ")[2]?.startsWith('"')).toBe(false);
    const entries = (await redis.raw.xrange(LOG, "-", "+")).slice(1).map(([, fields]) => fields.slice(0, 4));
    expect(entries).toEqual([
      ["v", "2", "k", "edit"],
      ["v", "2", "m", encodeBody(withMeta)],
    ]);
  });

  it("L25: a later format is refused by every role, with the reason", async () => {
    await formatAfter(undefined);
    const before = redis.bus();
    const append = before.append();
    await ready(append);
    await redis.raw.hset(META, "format", "3");
    expect((await append.append([publicDraft("x")]))[0]).toMatchObject({ error: { code: "unavailable" } });
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const live = bus.live({ message: () => undefined, gap: () => undefined });
    const reason = "the log has format 3, which a later version of Parley wrote";
    await until(() => consume.problem()?.includes(reason), "the persister says so", 20_000);
    await until(() => live.problem()?.includes(reason), "the gateway says so", 20_000);
    await expect(bus.tail().position()).rejects.toMatchObject({ code: "unavailable" });
    expect(await redis.raw.xlen(LOG)).toBe(0);
  });
});
