import { expect, it } from "vitest";
import type { Result } from "../runner/rounds.ts";
import type { Figures } from "../runner/scenario.ts";
import { chartSpec } from "./chart.ts";

const fanOut = (lines: readonly [string, string, Figures][]): Result => ({
  ...{ name: "fan-out", title: "", notes: [], columns: [], failures: [] },
  rows: lines.map(([subject, load, figures]) => ({
    ...{ subject, load, figures, loadShare: 0, machineShare: 0 },
    ...{ loadWasFull: false, machineWasFull: false },
  })),
});

it("has a point for each sustained load and for the peak, and a bar for the capacity within 100 ms", () => {
  const spec = chartSpec([
    fanOut([
      ["A", "500 listeners, 20,000/s", { asked: 20_000, deliveries: 20_000, cpu: 10 }],
      ["A", "500 listeners, 150,000/s", { asked: 150_000, deliveries: 150_000, cpu: 2 }],
      ["B", "500 listeners, 20,000/s", { asked: 20_000, deliveries: 19_900, cpu: 14 }],
      ["B", "500 listeners, 150,000/s", { asked: 150_000, deliveries: 80_000, cpu: 12 }],
      ["B", "500 listeners, 500,000/s", {}],
      ["A", "500 listeners, the most with p99 < 100 ms", { asked: 1, deliveries: 900_000, cpu: 1 }],
      ["A", "500 listeners, the most at all", { asked: 1, deliveries: 990_000, cpu: 1 }],
      ["B", "500 listeners, the most at all", { asked: 150_000, deliveries: 80_000, cpu: 12 }],
    ]),
  ]);
  expect(spec).toMatchObject({
    hconcat: [
      {
        data: {
          values: [
            { server: "A", rate: 20_000, cpu: 10 },
            { server: "A", rate: 150_000, cpu: 2 },
            { server: "B", rate: 20_000, cpu: 14 },
            { server: "A", rate: 990_000, cpu: 1 },
            { server: "B", rate: 80_000, cpu: 12 },
          ],
        },
        encoding: { color: { scale: { domain: ["A", "B"] } } },
      },
      { data: { values: [{ server: "A", rate: 900_000 }] } },
    ],
  });
});

it("there is no chart if the room was not measured", () => {
  expect(chartSpec([])).toBeUndefined();
  expect(chartSpec([fanOut([])])).toBeUndefined();
});
