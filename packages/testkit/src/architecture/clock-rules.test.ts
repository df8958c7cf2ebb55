import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { durationsAreMonotonic, timersAreNotSpiedOn, waitsHaveTimeouts } from "./clock-rules.ts";
import { readSources } from "./source.ts";

describe("durations use a monotonic clock", () => {
  it("holds in this repository", () => {
    expect(durationsAreMonotonic(readSources(join(import.meta.dirname, "../../../..")))).toEqual([]);
  });

  it.each([
    ["apps/gateway/src/a.ts", "const until = Date.now() + 1_000;"],
    ["packages/local/src/a.ts", "const startedAt = new Date();"],
    ["packages/client/src/a.ts", "const { now = Date.now } = options;"],
    ["apps/web/src/a.tsx", "const text = Date();"],
  ])("reports %s: %s", (path, text) => {
    expect(durationsAreMonotonic([{ path, text }])).toHaveLength(1);
  });

  it.each([
    ["packages/client/src/timing/clock.ts", "export const wallTime = () => Date.now();"],
    ["apps/gateway/src/a.ts", "const time = new Date(expiresAt).toISOString();"],
    ["apps/gateway/src/a.ts", "const since = performance.now() - startedAt;"],
    ["apps/gateway/src/a.test.ts", "const now = Date.now();"],
  ])("accepts %s: %s", (path, text) => {
    expect(durationsAreMonotonic([{ path, text }])).toEqual([]);
  });
});

describe("waits of tests have timeouts", () => {
  it("holds in this repository", () => {
    expect(waitsHaveTimeouts(readSources(join(import.meta.dirname, "../../../..")))).toEqual([]);
  });

  it.each([
    "await vi.waitFor(() => expect(a(1, 2)).toBe(3));",
    "await vi\n  .waitUntil(async () => {\n    return [1, 2];\n  },\n);",
  ])("reports %s", (text) => {
    expect(waitsHaveTimeouts([{ path: "apps/gateway/src/a.test.ts", text }])).toHaveLength(1);
  });

  it.each([
    "await vi.waitFor(() => expect(a).toBe(1), 10_000);",
    'await vi.waitUntil(() => text === "a)b", { timeout: 10_000 });',
    "await until(() => isReady());",
  ])("accepts %s", (text) => {
    expect(waitsHaveTimeouts([{ path: "apps/gateway/src/a.test.ts", text }])).toEqual([]);
  });
});

describe("timers aren't spied on", () => {
  it("holds in this repository", () => {
    expect(timersAreNotSpiedOn(readSources(join(import.meta.dirname, "../../../..")))).toEqual([]);
  });

  it.each([
    ["reports", 'const timers = SPY(globalThis, "setTimeout");', 1],
    ["reports", 'SPY(\n  window,\n  "clearInterval",\n);', 1],
    ["accepts", 'SPY(Math, "random");', 0],
  ])("%s %s", (_verb, code, problems) => {
    // This file is code, too.
    const text = code.replace("SPY", ["vi", "spyOn"].join("."));
    const path = ["apps", "gateway", "src", "a.test.ts"].join("/");
    expect(timersAreNotSpiedOn([{ path, text }])).toHaveLength(problems);
  });
});
