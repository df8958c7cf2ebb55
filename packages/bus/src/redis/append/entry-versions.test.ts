import { until } from "@parley/async";
import { afterAll, describe, expect, it } from "vitest";
import { encodeDraft } from "../format/encoded-draft.ts";
import { recordOf } from "../format/replies.ts";
import { ClockRig } from "../test/clock-rig.ts";
import { LOG, META, names, PUBLIC_CHANNEL, REFS } from "../test/names.ts";
import { publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig();

describe.skipIf(!rig)("entries of version 2", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());

  const message = encodeDraft(publicDraft("x", "r"), names);
  const withMeta = { ...encodeDraft(publicDraft("y", "s"), names), version: 2 as const };
  const edit = { ...encodeDraft(publicDraft("z", "t"), names), version: 2 as const, kind: "edit" as const };

  it("L25: a log with format 1 takes none, remembers none of their refs, and takes the other drafts of the call", async () => {
    const clock = await ClockRig.create(redis, { windowMs: 60_000 });
    await redis.raw.hset(META, "format", "1");
    const [status, error, refs, ...results] = await clock.call([withMeta, message, edit]);
    expect([status, error, Number(refs)]).toEqual(["ok", "", 1]);
    expect(results.map((result) => result[0])).toEqual(["^", "+", "^"]);
    const [entry] = await redis.raw.xrange(LOG, "-", "+");
    expect(await redis.raw.xlen(LOG)).toBe(1);
    expect(entry?.[1].slice(0, 2)).toEqual(["v", "1"]);
    const hashes = await Promise.all(REFS.slice(1).map((key) => redis.raw.hlen(key)));
    expect(hashes.reduce((sum, size) => sum + size, 0)).toBe(1);
  });

  it("L25: with format 2 entry and payload say the kind", async () => {
    const clock = await ClockRig.create(redis, { windowMs: 60_000 });
    await redis.raw.hset(META, "format", "2");
    const published: string[] = [];
    const listener = redis.raw.duplicate();
    listener.on("message", (_channel: string, payload: string) => published.push(payload));
    await listener.subscribe(PUBLIC_CHANNEL);
    const [, , , ...results] = await clock.call([message, withMeta, edit]);
    await until(() => published.length === 3, "all three are published");
    listener.disconnect();
    const entries = (await redis.raw.xrange(LOG, "-", "+")).map(([, fields]) => recordOf(fields));
    expect(entries.map(({ v, k }) => [v, k])).toEqual([
      ["1", undefined],
      ["2", undefined],
      ["2", "edit"],
    ]);
    const epoch = await redis.raw.hget(META, "epoch");
    const [a, b, c] = results.map((result) => `${result.slice(1)} ${epoch}`);
    expect(published).toEqual([`${a} ${message.body}`, `${b} ${withMeta.body}`, `${c} edit ${edit.body}`]);
    // A repeat of a change gets the first id.
    expect((await clock.call([edit]))[3]).toBe(results[2]?.replace("+", "="));
  });
});
