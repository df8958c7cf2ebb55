import { performance } from "node:perf_hooks";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import manifest from "../package.json" with { type: "json" };

export { Registry } from "prom-client";

/**
 * Creates the metrics registry of a process, with Node's default process metrics under their usual names and
 * `parley_info`. Apps add their own metrics with `metricFactory`. No metric names the app in a label, because
 * Prometheus adds `job` and `instance`.
 */
export function createMetrics({ app }: { readonly app: string }): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: "parley_info",
    help: "Always 1. The labels name the app and its version.",
    labelNames: ["app", "version"],
    registers: [registry],
  });
  info.set({ app, version: manifest.version }, 1);
  countLoopTime(registry);
  return registry;
}

/**
 * Adds `parley_ready`, the answer of `/readyz` as a gauge. `problems` returns the reasons why this process isn't ready.
 */
export function addReadyGauge(registry: Registry, problems: () => readonly string[]): void {
  new Gauge({
    name: "parley_ready",
    help: "1 if /readyz succeeds, otherwise 0.",
    registers: [registry],
    collect() {
      this.set(problems().length === 0 ? 1 : 0);
    },
  });
}

/** Adds the event loop's busy time as a counter, so that its rate is the utilisation over any time. */
function countLoopTime(registry: Registry): void {
  new Counter({
    name: "parley_event_loop_active_seconds_total",
    help: "Time that the event loop spent on work rather than on waiting.",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
}

/**
 * The labels of a counter or histogram, each with all its values. The values are never taken from clients, so the number
 * of series is bounded. Every series exists at 0 from the start, so that the first increase is visible to an alert.
 */
type Labels = Readonly<Record<string, readonly string[]>>;

/** One value for each label. */
type LabelValues<L extends Labels> = { readonly [Name in keyof L]: L[Name][number] };

interface LabelledCounter<L extends Labels> {
  inc(values: LabelValues<L>, by?: number): void;
}

interface LabelledHistogram<L extends Labels> {
  observe(values: LabelValues<L>, value: number): void;
}

/** Creates metrics named `parley_<part>_<name>` in one registry. */
export interface MetricFactory {
  counter(name: string, help: string): Counter;
  counter<const L extends Labels>(name: string, help: string, labels: L): LabelledCounter<L>;
  /** A gauge has no series until it is set, because 0 could be wrong. */
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** `buckets` are upper bounds, in the unit that the name ends with. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  histogram<const L extends Labels>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: L,
  ): LabelledHistogram<L>;
}

/** Creates a factory whose metrics are named `parley_<part>_…` and belong to `registry`. */
export function metricFactory(registry: Registry, part: string): MetricFactory {
  const settings = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `parley_${part}_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    counter(name: string, help: string, labels: Labels = {}): Counter {
      const counter = new Counter(settings(name, help, Object.keys(labels)));
      for (const values of combinationsOf(labels)) counter.inc(values, 0);
      return counter;
    },
    gauge(name, help, labelNames = []) {
      const gauge = new Gauge(settings(name, help, labelNames));
      // prom-client starts a gauge without labels at 0.
      if (labelNames.length === 0) gauge.remove();
      return gauge;
    },
    histogram(name: string, help: string, buckets: readonly number[], labels: Labels = {}): Histogram {
      const names = Object.keys(labels);
      const histogram = new Histogram({ ...settings(name, help, names), buckets: [...buckets] });
      for (const values of combinationsOf(labels)) histogram.zero(values);
      return histogram;
    },
  };
}

/** Returns every combination of the labels' values. Returns one empty combination if there are no labels. */
function combinationsOf(labels: Labels): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [name, values]) => all.flatMap((others) => values.map((value) => ({ ...others, [name]: value }))),
    [{}],
  );
}
