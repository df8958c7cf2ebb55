import type { Result } from "../runner/rounds.ts";
import { CAPACITY_LOAD, isFull, PEAK_LOAD } from "../scenarios/fan-out.ts";

interface Point {
  readonly server: string;
  /** Deliveries a second. */
  readonly rate: number;
  /** Server CPU per delivery, in µs. */
  readonly cpu: number;
}

/** Colours that most people can tell apart, also in print. */
const COLOURS = ["#0b6e4f", "#3fa7d6", "#7b4fa3", "#b39ddb", "#d1495b", "#edae49"];
const FONT = "system-ui, sans-serif";
const SIZE = { width: 380, height: 300 };

/**
 * Builds the chart as a Vega-Lite specification: the cost of a delivered message on the left, the capacity of each
 * server on the right. Returns undefined if the public room wasn't measured.
 */
export function chartSpec(results: readonly Result[]): object | undefined {
  const rows = results.find(({ name }) => name === "fan-out")?.rows ?? [];
  const steps = rows.filter(({ load, figures }) => !isMaximum(load) && figures.cpu !== undefined);
  const points: Point[] = steps
    .filter(({ figures }) => !isFull(figures))
    .map(({ subject, figures }) => ({
      server: subject,
      rate: figures.asked ?? Number.NaN,
      cpu: figures.cpu ?? Number.NaN,
    }));
  // Extends each server's line up to its peak.
  for (const { subject, load, figures } of rows) {
    const { deliveries = 0, cpu = Number.NaN } = figures;
    if (!load.endsWith(PEAK_LOAD) || points.some((one) => one.server === subject && one.rate >= deliveries))
      continue;
    points.push({ server: subject, rate: deliveries, cpu });
  }
  const capacities = rows
    .filter(({ load }) => load.endsWith(CAPACITY_LOAD))
    .map(({ subject, figures }) => ({ server: subject, rate: figures.deliveries ?? Number.NaN }));
  if (points.length === 0) return undefined;
  const servers = [...new Set(steps.map(({ subject }) => subject))];
  const colour = {
    field: "server",
    type: "nominal",
    scale: { domain: servers, range: COLOURS.slice(0, servers.length) },
    legend: { title: null, orient: "bottom" },
  };
  const panels = [
    costPanel(points, colour),
    ...(capacities.length > 0 ? [capacityPanel(capacities, servers, colour)] : []),
  ];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    config: { font: FONT, axis: { titleFontWeight: "normal" }, title: { fontSize: 13, anchor: "start" } },
    hconcat: panels,
  };
}

const isMaximum = (load: string): boolean => load.endsWith(CAPACITY_LOAD) || load.endsWith(PEAK_LOAD);

function costPanel(values: readonly Point[], color: object): object {
  return {
    ...SIZE,
    title: "Server CPU a delivered message, 500 listeners",
    data: { values },
    mark: { type: "line", point: { size: 60, filled: true }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: "rate",
        type: "quantitative",
        scale: { type: "log", nice: false, padding: 12 },
        axis: {
          title: "deliveries a second (log)",
          values: [20_000, 50_000, 150_000, 500_000, 1_500_000],
          format: ",",
        },
      },
      y: {
        field: "cpu",
        type: "quantitative",
        scale: { type: "log", nice: false, padding: 12 },
        axis: { title: "µs of CPU (log)", values: [0.5, 1, 2, 5, 10, 20, 50], format: "~g" },
      },
      color,
    },
  };
}

function capacityPanel(
  values: readonly { readonly server: string; readonly rate: number }[],
  servers: readonly string[],
  color: object,
): object {
  const y = { field: "server", type: "nominal", sort: servers, axis: { title: null } };
  const x = {
    field: "rate",
    type: "quantitative",
    axis: { title: "deliveries a second", format: ",d", tickCount: 4 },
  };
  return {
    ...SIZE,
    title: "The most with p99 below 100 ms",
    data: { values },
    encoding: { x, y },
    layer: [
      { mark: { type: "bar", height: 36 }, encoding: { color } },
      {
        mark: { type: "text", align: "left", dx: 5 },
        encoding: { text: { field: "rate", format: ",.0f" } },
      },
    ],
  };
}
