import { ORIGIN } from "@parley/models";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { encodeDraft } from "../format/encoded-draft.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import { ClockRig, type Version } from "../test/clock-rig.ts";
import { LOG, META, names } from "../test/names.ts";
import { publicDraft, type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig({ args: ["--appendfsync", "no"] });

const HOUR = 3_600_000;

/** What happens to a log. Each kind is a method of `Model`. */
type Step =
  | { readonly kind: "append"; readonly version: Version; readonly drafts: number }
  | { readonly kind: "pass" | "leap"; readonly ms: number }
  | { readonly kind: "addByHand" | "setId"; readonly ahead: number }
  | { readonly kind: "setLast"; readonly text: string }
  | { readonly kind: "setFormat"; readonly format: "1" | "2" }
  | { readonly kind: "delete"; readonly keys: readonly string[] }
  | { readonly kind: "deleteEntry" | "trim" | "flush" | "repair" | "fillMemory" };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      version: fc.constantFrom<Version>("new", "new", "previous"),
      drafts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("leap" as const), ms: fc.constantFrom(0, HOUR, -HOUR) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("addByHand" as const, "setId" as const),
      ahead: fc.constantFrom(0, 1, HOUR),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("setLast" as const),
      text: fc.constantFrom("", "x", "0-0", "7-7"),
    }),
  },
  fc.record({ kind: fc.constant("setFormat" as const), format: fc.constantFrom("1" as const, "2" as const) }),
  fc.record({ kind: fc.constant("delete" as const), keys: fc.subarray([LOG, META], { minLength: 1 }) }),
  fc.record({
    kind: fc.constantFrom("deleteEntry", "trim", "flush", "repair", "repair", "fillMemory"),
  }) as fc.Arbitrary<Step>,
);

/** A log that is damaged by hand, and what every new id must be above. */
class Model {
  readonly #clock: ClockRig;
  readonly #redis: Rig;
  /** The greatest id so far. The store has it. */
  #greatest = ORIGIN;
  #isWhole = true;

  constructor(redis: Rig, clock: ClockRig) {
    this.#redis = redis;
    this.#clock = clock;
  }

  async run(step: Step): Promise<void> {
    const { raw } = this.#redis;
    const [ms = 0, seq = 0] = streamIdOf(this.#greatest).split("-").map(Number);
    switch (step.kind) {
      case "append":
        return await this.#append(step.version, step.drafts);
      case "pass":
        return await this.#clock.down(step.ms);
      case "leap":
        return await this.#clock.leap(step.ms);
      case "addByHand":
        if (await raw.exists(LOG)) this.#note(await raw.xadd(LOG, `${ms + step.ahead}-${seq + 1}`, "v", "9"));
        return;
      case "setId":
        if (await raw.exists(LOG)) await raw.call("XSETID", LOG, `${ms + step.ahead}-${seq + 1}`);
        if (await raw.exists(LOG)) this.#note(`${ms + step.ahead}-${seq + 1}`);
        return;
      case "setLast":
        if (await raw.exists(META)) await raw.hset(META, "last", step.text);
        return;
      case "setFormat":
        if (await raw.exists(META)) await raw.hset(META, "format", step.format);
        return;
      case "delete":
        await raw.del(...step.keys);
        this.#isWhole = false;
        return;
      case "deleteEntry":
        for (const [id] of await raw.xrevrange(LOG, "+", "-", "COUNT", 1)) await raw.xdel(LOG, id);
        return;
      case "trim":
        await raw.xtrim(LOG, "MAXLEN", 0);
        return;
      case "flush":
        await raw.flushall();
        await this.#clock.down(0);
        this.#isWhole = false;
        return;
      case "repair":
        await this.#clock.ensureLog(this.#greatest);
        this.#isWhole = true;
        return;
      case "fillMemory":
        await raw.config("SET", "maxmemory", "1mb");
        await this.#append("new", 2, /^-OOM /);
        await raw.config("SET", "maxmemory", "0");
    }
  }

  async #append(version: Version, count: number, refusal?: RegExp): Promise<void> {
    const { raw } = this.#redis;
    const drafts = Array.from({ length: count }, (_, i) => encodeDraft(publicDraft(`m${i}`), names));
    const before = await raw.xlen(LOG);
    const [status, error, , ...results] = await this.#clock.call(drafts, { version });
    expect([status, error]).toEqual(this.#isWhole ? ["ok", ""] : ["no-log", undefined]);
    if (!this.#isWhole) return;
    for (const result of results)
      if (refusal) expect(result).toMatch(refusal);
      else this.#note(result.replace("+", ""));
    expect(await raw.xlen(LOG)).toBe(before + (refusal ? 0 : count));
    if (version === "new" && !refusal) expect(await raw.hget(META, "last")).toBe(streamIdOf(this.#greatest));
  }

  #note(streamId: string | null): void {
    const id = idOfEntry(streamId ?? "") ?? "";
    expect(id > this.#greatest, `${id} is above ${this.#greatest}`).toBe(true);
    this.#greatest = id;
  }
}

describe.skipIf(!rig)("the log's last id", { timeout: 90_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());

  it("L1: ids only go up, whoever appends beside this version, and whatever happens to META, stream and clock", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
        const model = new Model(redis, await ClockRig.create(redis, { windowMs: 60_000 }));
        for (const step of steps) await model.run(step);
      }),
      { numRuns: 60, interruptAfterTimeLimit: 45_000 },
    );
  });
});
