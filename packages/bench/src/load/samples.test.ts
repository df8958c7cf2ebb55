import { expect, it } from "vitest";
import { Samples, strideFor } from "./samples.ts";
import { stampedContent, steadyMicros } from "./stamp.ts";

it("samples every message of a small number, and at least ten thousand of a large one", () => {
  expect(strideFor(0)).toBe(1);
  expect(strideFor(20_000)).toBe(1);
  expect(strideFor(60_000)).toBe(3);
  expect(strideFor(1_500_000)).toBe(97);
});

it("counts every message and takes the latency of one in `stride`", () => {
  const samples = new Samples(3);
  const data = Buffer.from(stampedContent(steadyMicros() - 1_000, 50));
  for (let n = 0; n < 7; n += 1) samples.add(data, 0, data.length);
  expect(samples.received).toBe(7);
  expect(samples.latencies).toHaveLength(2);
  for (const latency of samples.latencies) expect(latency).toBeGreaterThanOrEqual(1_000);
});
