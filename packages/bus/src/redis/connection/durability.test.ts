import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { codeOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

describe.skipIf(!rig)("L8: a Redis that may lose acknowledged writes", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(async () => {
    await redis.raw.acl("SETUSER", "default", "+@all");
    await redis.raw.config("SET", "appendfsync", "always");
    await redis.raw.config("SET", "maxmemory-policy", "noeviction");
    await redis.reset();
  });
  afterAll(() => redis.stop());

  const warnings = () => redis.events.flatMap((event) => (event.type === "warning" ? [event.text] : []));

  it("is not appended to, the problem names the settings, and correcting them is enough", async () => {
    await redis.raw.config("SET", "appendfsync", "everysec");
    await redis.raw.config("SET", "maxmemory-policy", "allkeys-lru");
    const bus = redis.bus({ appendWaitMs: 100 });
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem(), "the log exists");
    await until(() => append.problem()?.includes("may lose"), "the problem is reported");
    expect(append.problem()).toMatch(
      /appendfsync is everysec, not always, maxmemory-policy is allkeys-lru, not/,
    );
    expect((await append.append([publicDraft("x")])).map(codeOf)).toEqual(["unavailable"]);
    await redis.raw.config("SET", "appendfsync", "always");
    await redis.raw.config("SET", "maxmemory-policy", "noeviction");
    await until(() => !append.problem(), "it is ready");
    expect((await append.append([publicDraft("x")])).map(codeOf)).toEqual(["ok"]);
  });

  it("is appended to with a warning if weak durability is allowed", async () => {
    await redis.raw.config("SET", "appendfsync", "everysec");
    const bus = redis.bus({ allowWeakDurability: true });
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "all is ready");
    expect(warnings()).toEqual([expect.stringContaining("appendfsync is everysec")]);
  });

  it("is appended to with a warning if its settings cannot be read", async () => {
    await redis.raw.acl("SETUSER", "default", "-config");
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "all is ready");
    expect(warnings()).toEqual([expect.stringContaining("cannot check")]);
  });

  it("is also detected after a reconnect", async () => {
    const bus = redis.bus();
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "all is ready");
    await redis.raw.config("SET", "appendfsync", "no");
    await redis.raw.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await until(() => append.problem()?.includes("appendfsync is no"), "the problem is reported");
  });
});
