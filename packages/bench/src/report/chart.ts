import type { Result } from "../runner/rounds.ts";
import { FULL_LOAD, isFull, MOST_LOAD } from "../scenarios/fan-out.ts";

interface Point {
  readonly server: string;
  /** Deliveries a second. */
  readonly rate: number;
  /** Server CPU a delivery, in µs. */
  readonly cpu: number;
}

/** Colours that keep apart for most eyes, in print too. */
const COLOURS = ["#0b6e4f", "#3fa7d6", "#d1495b", "#edae49", "#6c757d"];
const FONT = "system-ui, sans-serif";
const SIZE = { width: 380, height: 300 };

/**
 * One picture as a Vega-Lite specification: on the left what a delivered message costs, on the right where each server
 * is full. Undefined where the public room was not measured.
 */
export function chartSpec(results: readonly Result[]): object | undefined {
  const rows = results.find(({ name }) => name === "fan-out")?.rows ?? [];
  const steps = rows.filter(({ load, figures }) => !isMost(load) && figures.cpu !== undefined);
  const points: Point[] = steps
    .filter(({ figures }) => !isFull(figures))
    .map(({ subject, figures }) => ({
      server: subject,
      rate: figures.asked ?? Number.NaN,
      cpu: figures.cpu ?? Number.NaN,
    }));
  // Where a server ends its line ends too.
  for (const { subject, load, figures } of rows) {
    const { deliveries = 0, cpu = Number.NaN } = figures;
    if (!load.endsWith(MOST_LOAD) || points.some((one) => one.server === subject && one.rate >= deliveries))
      continue;
    points.push({ server: subject, rate: deliveries, cpu });
  }
  const most = rows
    .filter(({ load }) => load.endsWith(FULL_LOAD))
    .map(({ subject, figures }) => ({ server: subject, rate: figures.deliveries ?? Number.NaN }));
  if (points.length === 0) return undefined;
  const servers = [...new Set(rows.map(({ subject }) => subject))];
  const colour = {
    field: "server",
    type: "nominal",
    scale: { domain: servers, range: COLOURS.slice(0, servers.length) },
    legend: { title: null, orient: "bottom" },
  };
  const panels = [costPanel(points, colour), ...(most.length > 0 ? [mostPanel(most, servers, colour)] : [])];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    config: { font: FONT, axis: { titleFontWeight: "normal" }, title: { fontSize: 13, anchor: "start" } },
    hconcat: panels,
  };
}

const isMost = (load: string): boolean => load.endsWith(FULL_LOAD) || load.endsWith(MOST_LOAD);

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

function mostPanel(
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
