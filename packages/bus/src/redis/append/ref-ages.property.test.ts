import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ClockRig, type Version } from "../test/clock-rig.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig({ args: ["--appendfsync", "no"] });

const DAY = 86_400_000;
const HOUR = 3_600_000;
const WINDOW = 60_000;
/** The most that a leap ahead of the clock takes from the window: MAX_STEP_MS of ages.lua. */
const STEP = 3_000;

interface Step {
  readonly kind: "send" | "idle" | "down" | "leap";
  /** For `leap`, how far the clock is ahead after it. */
  readonly ms: number;
  readonly version: Version;
}

function steps(step: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> {
  return fc.array(step, { minLength: 10, maxLength: 60, size: "max" });
}

function stepOf(kind: Step["kind"], ms: fc.Arbitrary<number>, version: Version = "new"): fc.Arbitrary<Step> {
  return fc.record({ kind: fc.constant(kind), ms, version: fc.constant(version) });
}

const NO_TIME = fc.constant(0);
const SHORT = fc.integer({ min: 1, max: WINDOW / 4 });
const LEAPING = fc.oneof(
  { weight: 6, arbitrary: stepOf("send", NO_TIME) },
  { weight: 6, arbitrary: stepOf("idle", SHORT) },
  { weight: 2, arbitrary: stepOf("send", NO_TIME, "previous") },
  { weight: 2, arbitrary: stepOf("idle", SHORT, "previous") },
  { weight: 1, arbitrary: stepOf("leap", fc.constantFrom(0, DAY, HOUR, -HOUR, 5_000, -5_000, 400)) },
  { weight: 1, arbitrary: stepOf("down", fc.integer({ min: 1, max: 2 * WINDOW })) },
);
/** Old gateways beside new ones. Only leaps are left out: the version "old" doesn't withstand them. */
const UPGRADING = fc.oneof(
  ...(["new", "previous", "old"] as const).flatMap((version) => [
    { weight: 3, arbitrary: stepOf("send", NO_TIME, version) },
    { weight: 3, arbitrary: stepOf("idle", SHORT, version) },
  ]),
);

/** A log, and what it must remember. */
class Model {
  readonly #clock: ClockRig;
  readonly #sent = new Map<string, { readonly id: string; readonly atMs: number }>();
  #leaps = 0;
  /** The time that passed without calls that write the age clock. */
  #lostMs = 0;

  constructor(clock: ClockRig) {
    this.#clock = clock;
  }

  async run({ kind, ms, version }: Step): Promise<void> {
    switch (kind) {
      case "send":
        return await this.#sendAll(version);
      case "leap":
        this.#leaps += 1;
        return await this.#clock.leap(ms);
      case "down":
        this.#lostMs += ms;
        return await this.#clock.down(ms);
      case "idle":
        if (version === "old") this.#lostMs += ms;
        return await this.#clock.idle(ms, { version });
    }
  }

  /** Sends a new message, and every earlier one again. */
  async #sendAll(version: Version): Promise<void> {
    const refs = [...this.#sent.keys(), `r${this.#sent.size}`];
    const results = await this.#clock.append(refs, version);
    for (const [i, ref] of refs.entries()) this.#check(ref, results[i] ?? "");
  }

  #check(ref: string, result: string): void {
    const atMs = this.#clock.nowMs;
    const known = this.#sent.get(ref);
    if (result.startsWith("+")) this.#sent.set(ref, { id: result.slice(1), atMs });
    if (!known) return;
    const age = atMs - known.atMs;
    const longest = 1.5 * WINDOW + this.#lostMs + (this.#leaps + 3) * STEP;
    if (age < WINDOW - this.#leaps * STEP) expect(result, `after ${age} ms`).toBe(`=${known.id}`);
    if (age > longest) expect(result, `after ${age} ms`).toMatch(/^\+/);
  }
}

describe.skipIf(!rig)("the age of refs", { timeout: 90_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());

  it.each([
    ["clocks leap and gateways pause", LEAPING],
    ["old gateways run beside new ones", UPGRADING],
  ])("L5, F17: while %s, no ref is forgotten within a window, and none is kept for ever", async (_, step) => {
    await fc.assert(
      fc.asyncProperty(steps(step), async (all) => {
        const model = new Model(await ClockRig.create(redis, { windowMs: WINDOW }));
        for (const each of all) await model.run(each);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 30_000 },
    );
  });
});
