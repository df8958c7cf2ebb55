import { afterAll, describe, expect, it } from "vitest";
import { streamIdOf } from "../format/stream-id.ts";
import { consuming } from "../test/consume-rig.ts";
import { GROUP, LOG } from "../test/names.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig({ args: ["--enable-debug-command", "yes"] });

const DAY_MS = 86_400_000;

describe.skipIf(!rig)("claims after the clock of Redis went back", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());
  const { persister, next, contents, append } = consuming(redis);

  /**
   * Makes Redis believe that it delivered the pending entry `id` tomorrow, as if its clock had been a day ahead then.
   * Redis has no command for this, so this changes the time in a copy of the log.
   */
  async function deliverTomorrow(id: string): Promise<void> {
    const time = Date.now() - 12_345;
    const pending = await redis.raw.xpending(LOG, GROUP, id, id, 1);
    const [[, consumer = ""] = []] = pending as string[][];
    await redis.raw.xclaim(LOG, GROUP, consumer, 0, id, "TIME", time, "JUSTID");
    const dump = await redis.raw.dumpBuffer(LOG);
    const at = dump?.indexOf(bytesOf(time)) ?? -1;
    if (!dump || at < 0) throw new Error("the time of the delivery isn't in the copy");
    bytesOf(time + DAY_MS).copy(dump, at);
    await redis.raw.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1");
    await redis.raw.restore(LOG, 0, dump, "REPLACE");
  }

  it("L10, F17: an entry that a dead consumer got while the clock was ahead is taken over in time", async () => {
    const consume = await persister({ claimIdleMs: 300 });
    const [id = ""] = await append("a");
    await redis.raw.xreadgroup("GROUP", GROUP, "dead", "COUNT", 1, "STREAMS", LOG, ">");
    await deliverTomorrow(streamIdOf(id));
    expect(contents(await next(consume))).toEqual(["a"]);
    expect(redis.events).toContainEqual({ type: "claim", entries: 1 });
  });
});

/** The eight bytes in which Redis stores a time. */
function bytesOf(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(ms));
  return bytes;
}
