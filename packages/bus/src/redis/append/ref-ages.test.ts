import { afterAll, describe, expect, it } from "vitest";
import { ClockRig, type Version } from "../test/clock-rig.ts";
import { REFS } from "../test/names.ts";
import { type Rig, startRig } from "../test/redis-rig.ts";

const rig = await startRig({ args: ["--appendfsync", "no"] });

const DAY = 86_400_000;
const HOUR = 3_600_000;
const WINDOW = 60_000;
/** The most that a leap ahead of the clock takes from the window: MAX_STEP_MS of ages.lua. */
const STEP = 3_000;

describe.skipIf(!rig)("the age of refs", { timeout: 60_000 }, () => {
  const redis = rig as Rig;
  afterAll(() => redis.stop());
  const start = (maxRefs?: number) =>
    ClockRig.create(redis, { windowMs: WINDOW, ...(maxRefs !== undefined && { maxRefs }) });

  /** Sends refs `<name>0`, `<name>1`, … one every `everyMs`, for `ms`. Returns the results. */
  async function sendFor(
    clock: ClockRig,
    name: string,
    ms: number,
    { everyMs = 1_000, version = "new" as Version } = {},
  ): Promise<string[]> {
    const results: string[] = [];
    for (let at = 0; at < ms; at += everyMs) {
      results.push(await clock.send(`${name}${at / everyMs}`, version));
      await clock.down(everyMs);
    }
    return results;
  }
  const refused = (results: readonly string[]) => results.filter((result) => result.startsWith("#"));

  it("L5, F17: after the clock was a day ahead for 0.6 s, refs are forgotten and none is refused for ever", async () => {
    // Room for the refs of one and a half windows, and a little more.
    const clock = await start(100);
    await sendFor(clock, "before", WINDOW / 2);
    await clock.leap(DAY);
    await clock.send("leapt");
    await clock.down(600);
    await clock.leap(0);
    const after = await sendFor(clock, "after", 5 * WINDOW);
    expect(refused(after)).toEqual([]);
    expect(await clock.send("leapt")).toMatch(/^\+/);
  });

  it.each([
    ["a day ahead, and back", [DAY, 0]],
    ["an hour back, and ahead again", [-HOUR, 0]],
    ["ahead, back below the true time, and ahead", [DAY, -DAY, 0]],
    ["ahead again and again, as on other servers after failovers", [HOUR, DAY, 30 * DAY]],
    ["from 1970 to now, as on a machine that gets the time late", [-1_690_000_000_000, 0]],
  ])("L5, F17: no leap makes a retry a second message: %s", async (_, leaps) => {
    const clock = await start();
    const sent = await sendFor(clock, "r", WINDOW / 2, { everyMs: 2_000 });
    const last = await clock.send("last");
    for (const ahead of leaps) {
      await clock.leap(ahead);
      expect(await clock.send("last")).toBe(last.replace("+", "="));
      await clock.idle(600);
    }
    for (const [i, result] of sent.entries())
      expect(await clock.send(`r${i}`), `r${i}`).toBe(result.replace("+", "="));
    await clock.idle(WINDOW - 5 * STEP);
    expect(await clock.send("last")).toBe(last.replace("+", "="));
  });

  it("L5: without calls the clock waits, and refs are kept rather than forgotten too early", async () => {
    const clock = await start();
    const first = await clock.send("r");
    await clock.down(DAY);
    expect(await clock.send("r")).toBe(first.replace("+", "="));
    await clock.idle(2 * WINDOW);
    expect(await clock.send("r")).toMatch(/^\+/);
  });

  it("L5: while gateways are idle, all refs are forgotten and their memory is free", async () => {
    const clock = await start();
    await sendFor(clock, "r", WINDOW);
    await clock.idle(1.5 * WINDOW + STEP);
    expect(await redis.raw.exists(...REFS.slice(1))).toBe(0);
    const before = await redis.raw.hgetall(REFS[0] ?? "");
    await clock.idle(WINDOW);
    expect(await redis.raw.hgetall(REFS[0] ?? "")).toEqual(before);
  });

  it("L5: at the bound, refs make room as soon as they are one and a half windows old", async () => {
    const clock = await start(10);
    await clock.append(["a0", "a1", "a2"]);
    await clock.idle(WINDOW / 2 + STEP);
    await clock.append(["b0", "b1", "b2", "b3", "b4", "b5", "b6"]);
    await clock.leap(DAY);
    expect(await clock.send("c0")).toBe("#");
    await clock.leap(0);
    await clock.idle(WINDOW);
    const results = await clock.append(["c0", "c1", "c2", "c3"]);
    expect(results.map((result) => result[0]).join("")).toBe("+++#");
    expect(await clock.send("b0")).toMatch(/^=/);
  });

  describe("with a version without the age clock on the same keys", () => {
    it("L5: takes over its refs, and forgets them as it would", async () => {
      const clock = await start();
      const sent = await sendFor(clock, "r", 2 * WINDOW, { version: "old" });
      for (const [i, result] of sent.slice(-60).entries())
        expect(await clock.send(`r${i + 60}`)).toBe(result.replace("+", "="));
      await clock.idle(1.5 * WINDOW + STEP);
      expect(await redis.raw.exists(...REFS.slice(1))).toBe(0);
    });

    it("F17: an old gateway forgets nothing when the clock leaps, though the new ones have written last", async () => {
      const clock = await start();
      await sendFor(clock, "old", WINDOW, { version: "old" });
      const [first] = await clock.append(["r"]);
      await clock.idle(4 * WINDOW);
      const [second] = await clock.append(["s"]);
      await clock.leap(DAY);
      expect(await clock.send("s", "old")).toBe(second?.replace("+", "="));
      expect(await clock.send("t", "old")).toMatch(/^\+/);
      expect(await clock.send("s", "old")).toBe(second?.replace("+", "="));
      expect(first).toMatch(/^\+/);
    });
  });
});
