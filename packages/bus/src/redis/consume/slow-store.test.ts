import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../consumer.ts";
import { messageOf } from "../../test/entries.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { consuming } from "../test/consume-rig.ts";
import { GROUP, LOG } from "../test/names.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();
const STORED: Outcome = { kind: "stored" };

describe.skipIf(!rig)("a consumer whose store is slow", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterEach(() => redis.reset());
  afterAll(() => redis.stop());
  const { persister, next, settle, contents, append } = consuming(redis);

  it("F25: a batch has at most the asked number of messages, whether they are new, failed or taken over", async () => {
    const consume = await persister({ claimIdleMs: 150 });
    await append("a", "b", "c", "d");
    await redis.raw.xreadgroup("GROUP", GROUP, "dead", "COUNT", 2, "STREAMS", LOG, ">");
    const seen: string[] = [];
    while (seen.length < 6) {
      const batch = await consume.next(AbortSignal.timeout(8_000), 1);
      expect(batch).toHaveLength(1);
      seen.push(...contents(batch));
      // Each message of the dead consumer fails once.
      const fails = batch[0]?.deliveries === 2 && seen.filter((text) => text === seen.at(-1)).length === 1;
      await settle(consume, batch, fails ? { kind: "failed", reason: "x" } : STORED);
    }
    expect(seen.toSorted()).toEqual(["a", "a", "b", "b", "c", "d"]);
  });

  it("F25: after a takeover only one consumer holds the messages; those that nobody has any more are held", async () => {
    const consume = await persister({ claimIdleMs: 60_000 });
    await append("a", "b", "c");
    const batch = await next(consume);
    const [a, b, c] = batch;
    expect(await consume.held(batch)).toEqual(batch);
    await redis.raw.xclaim(LOG, GROUP, "other", 0, streamIdOf(b ? messageOf(b).id : ""));
    expect(await consume.held(batch)).toEqual([a, c]);
    await redis.raw.del(LOG);
    expect(await consume.held([a, c].flatMap((one) => one ?? []))).toEqual([a, c]);
  });
});
