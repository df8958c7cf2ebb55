import { formatId, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { lagMs } from "./lag.ts";

const at = (ms: number) => formatId({ ms, seq: 0 });
const state = (watermark: string, backlogEntries = 1) => ({
  end: at(9_000),
  watermark,
  backlogEntries,
  backlogBytes: backlogEntries * 100,
});

describe("lag", () => {
  it("L12: is zero without a backlog, however old the watermark", () => {
    expect(lagMs(state(at(1_000), 0), 9_000)).toBe(0);
  });
  it("L12: counts from the watermark", () => {
    expect(lagMs(state(at(1_000)), 9_000)).toBe(8_000);
  });
  it("L12: counts from when the backlog was last empty, if that is later", () => {
    expect(lagMs(state(at(1_000)), 9_000, 500)).toBe(500);
    expect(lagMs(state(at(8_900)), 9_000, 500)).toBe(100);
  });
  it("L12: is zero rather than the time since 1970 if nothing was ever stored", () => {
    expect(lagMs(state(ORIGIN), 9_000)).toBe(0);
    expect(lagMs(state(ORIGIN), 9_000, 1_000)).toBe(1_000);
  });
  it("L1: is never negative, whatever the clock says", () => {
    expect(lagMs(state(at(9_500)), 9_000)).toBe(0);
  });
});
