import { expect, it } from "vitest";
import { figuresOf } from "./persister.ts";
import { parseSettled } from "./steps/persister-progress.ts";

const at = (seconds: number, settled: number, cpuMs: number) => ({
  at: seconds * 1_000_000,
  settled,
  cpu: { persister: cpuMs * 1000, redis: cpuMs * 100, mongo: cpuMs * 2000 },
});

it("counts from the end of the warm-up to the last sample before all is stored, without the idle CPU", () => {
  const seen = [at(0, 0, 500), at(1, 300, 700), at(2, 600, 760), at(3, 900, 820), at(4, 1_000, 5_000)];
  const { rate, cpu, mongo, share } = figuresOf(seen, 1_000, 0.03);
  expect([rate, cpu, mongo, share]).toEqual([300, 100, 400, 6]);
});

it("refuses to calculate figures from too few samples", () => {
  expect(() => figuresOf([at(0, 0, 1), at(1, 1_000, 2)], 1_000, 0)).toThrow("too soon");
});

it("adds up the settled messages of all outcomes", () => {
  const metrics = [
    "# TYPE parley_persister_messages_settled_total counter",
    'parley_persister_messages_settled_total{outcome="stored"} 1200',
    'parley_persister_messages_settled_total{outcome="duplicateOf"} 3',
    "parley_persister_backlog_entries 17",
  ].join("\n");
  expect(parseSettled(metrics)).toBe(1_203);
  expect(parseSettled("")).toBe(0);
});
