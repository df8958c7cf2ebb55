import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Appender } from "../../appender.ts";
import { LOG } from "../test/names.ts";
import { codeOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const master = await startRig();
const replica = master && (await startRig());

describe.skipIf(!master)("L9: replicated durability", { timeout: 30_000 }, () => {
  const redis = master as Rig;
  const copy = replica as Rig;
  afterEach(async () => {
    await copy.server.kill("SIGCONT");
    await redis.reset();
  });
  afterAll(async () => {
    await redis.stop();
    await copy.stop();
  });

  async function replicating(): Promise<void> {
    await copy.raw.call("REPLICAOF", "127.0.0.1", redis.server.port);
    await until(async () => (await redis.raw.wait(1, 100)) === 1, "the replica follows", 20_000);
  }
  async function appender(): Promise<Appender> {
    const bus = redis.bus({ durability: "replicated", appendTimeoutMs: 600 });
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    const append = bus.append();
    await until(() => !consume.problem() && !append.problem(), "the log exists");
    return append;
  }

  it("acknowledged messages are on the replica", async () => {
    await replicating();
    const append = await appender();
    const drafts = Array.from({ length: 300 }, (_, i) => publicDraft(`m${i}`, `r${i}`));
    // On a busy machine the replica may be late for the first attempt. Then there is no ack, and the refs make a retry safe.
    const acked = async () => (await append.append(drafts)).every((result) => codeOf(result) === "ok");
    await until(acked, "all messages are acknowledged", 20_000);
    expect(await copy.raw.xlen(LOG)).toBe(300);
  });

  it("no ack without a replica, and none for a retry either", async () => {
    await replicating();
    const [append, other] = [await appender(), await appender()];
    await copy.server.kill("SIGSTOP");
    const draft = publicDraft("x", "r");
    expect((await append.append([draft])).map(codeOf)).toEqual(["unavailable"]);
    // The master has the entry. WAIT covers only writes of the same connection, so a retry must write the ref again.
    expect(await redis.raw.xlen(LOG)).toBe(1);
    for (const gateway of [append, other])
      expect((await gateway.append([draft])).map(codeOf)).toEqual(["unavailable"]);
    expect(append.problem()).toMatch(/replica/);
    await copy.server.kill("SIGCONT");
    await until(
      async () => codeOf((await append.append([draft]))[0]) === "ok",
      "the message is acknowledged",
      20_000,
    );
    expect(await copy.raw.xlen(LOG)).toBe(1);
    expect(await redis.raw.xlen(LOG)).toBe(1);
  });
});
