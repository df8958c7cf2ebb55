/** A panel of the dashboard: one graph. */
export interface Panel {
  readonly title: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Shown behind the panel's information icon. */
  readonly description?: string;
}

/** Grafana's names of units. */
type Unit = "short" | "s" | "ops" | "percentunit" | "bytes" | "none";

export interface Query {
  readonly expr: string;
  /** The name of each series, with Grafana's templates. */
  readonly legend: string;
}

/** A row of the dashboard: a heading and the panels below it. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The window of every rate. Grafana replaces it with at least four scrapes. */
const WINDOW = "$__rate_interval";

/** One series for each value of `label`: how often a counter increases per second. */
export function ratePer(label: string, counter: string): Query {
  return { expr: `sum by (${label}) (rate(${counter}[${WINDOW}]))`, legend: `{{${label}}}` };
}

/** How often a counter increases per second, over all processes. */
export function rateOf(counter: string, legend: string): Query {
  return { expr: `sum(rate(${counter}[${WINDOW}]))`, legend };
}

/** The median and the 99th percentile of a histogram, over all processes. */
export function percentilesOf(histogram: string): readonly Query[] {
  return [0.5, 0.99].map((q) => ({
    expr: `histogram_quantile(${q}, sum by (le) (rate(${histogram}_bucket[${WINDOW}])))`,
    legend: `p${q * 100}`,
  }));
}

/** A gauge of each process. */
export function perInstance(expr: string): Query {
  return { expr, legend: "{{job}} {{instance}}" };
}
