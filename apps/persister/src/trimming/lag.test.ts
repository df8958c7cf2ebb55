import { formatId, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { LagMeter } from "./lag.ts";

const DAY = 86_400_000;
/** The time of all tests, on both clocks. */
const at = (ms: number, seq = 0) => formatId({ ms, seq });
const now = (ms: number) => ({ wall: ms, monotonic: ms });
/** `lagMs` is the age that the log itself gives. By default it doesn't count, because it is greater than all others. */
const state = (end: string, watermark: string, backlogEntries = 1, lagMs = 10 * DAY) => ({
  end,
  watermark,
  backlogEntries,
  backlogBytes: backlogEntries * 100,
  lagMs,
  deadLetters: 0,
});

describe("L12: the lag", () => {
  it("is zero without a backlog, however old the watermark", () => {
    expect(new LagMeter().lagMs(state(at(1_000), at(1_000), 0), now(9_000))).toBe(0);
  });

  it("is the age that the log gives", () => {
    expect(new LagMeter().lagMs(state(at(9_000), at(1_000), 1, 7_000), now(9_000))).toBe(7_000);
  });

  it("counts from when the backlog was last empty, if that is later", () => {
    const meter = new LagMeter();
    meter.lagMs(state(at(1_000), at(1_000), 0), now(8_500));
    expect(meter.lagMs(state(at(9_000), at(1_000)), now(9_000))).toBe(500);
    expect(meter.lagMs(state(at(9_000), at(1_000), 1, 100), now(9_000))).toBe(100);
  });

  it("counts from when the backlog was last empty, if nothing was ever stored", () => {
    const meter = new LagMeter();
    meter.lagMs(state(ORIGIN, ORIGIN, 0), now(8_000));
    expect(meter.lagMs(state(at(8_500), ORIGIN), now(9_000))).toBe(1_000);
  });

  it("F17: grows while the store is stopped, even if the log is a day ahead", () => {
    const meter = new LagMeter();
    const watermark = at(1_000 + DAY);
    meter.lagMs(state(watermark, watermark, 0), now(1_000));
    for (let ms = 2_000; ms <= 60_000; ms += 1_000)
      expect(meter.lagMs(state(at(1_000 + DAY, ms), watermark), now(ms))).toBe(ms - 1_000);
    // The clock has caught up, and the ids of the messages that wait are still those of the clock that was ahead.
    expect(meter.lagMs(state(at(DAY + 5_000), watermark), now(DAY + 5_000))).toBe(DAY + 4_000);
  });

  it("F17: falls as the store catches up, though the log is ahead", () => {
    const meter = new LagMeter();
    const id = (seq: number) => at(DAY, seq);
    for (let second = 1; second <= 10; second += 1) {
      const lag = meter.lagMs(state(id(second), id(second - 1)), now(second * 1_000));
      expect(lag).toBeLessThanOrEqual(2_000);
    }
  });

  it("F17: isn't changed by a clock of Redis or of this process that leaps", () => {
    const meter = new LagMeter();
    meter.lagMs(state(at(1_000), at(1_000), 0), now(1_000));
    expect(meter.lagMs(state(at(2_000), at(1_000)), { wall: 2_000 + DAY, monotonic: 2_000 })).toBe(1_000);
    expect(meter.lagMs(state(at(2_000), at(1_000), 1, DAY), now(3_000))).toBe(2_000);
  });
});
