import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export { Registry } from "prom-client";

/**
 * Creates the metrics registry of a process, with Node's default process metrics. Every name begins with `parley_`
 * and every metric has the label `service`. Apps add their own metrics with `metricFactory`.
 */
export function createMetrics({ service }: { readonly service: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, prefix: "parley_" });
  return registry;
}

/** Creates metrics named `parley_<part>_<name>` in one registry. */
export interface MetricFactory {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** `buckets` are upper bounds, in the unit that the name ends with. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): Histogram;
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
    counter: (name, help, labelNames = []) => new Counter(settings(name, help, labelNames)),
    gauge: (name, help, labelNames = []) => new Gauge(settings(name, help, labelNames)),
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ ...settings(name, help, labelNames), buckets: [...buckets] }),
  };
}
