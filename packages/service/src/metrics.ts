import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export { Registry } from "prom-client";

/**
 * A registry of one process, with the figures of the process itself in it. Every name begins with `parley_`, every
 * metric carries the label `service`. An app's own metrics are made by `metricFactory`.
 */
export function createMetrics({ service }: { readonly service: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, prefix: "parley_" });
  return registry;
}

/** Makes metrics named `parley_<part>_<name>` in one registry. */
export interface MetricFactory {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** `buckets` are upper bounds, in the unit that ends the name. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): Histogram;
}

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
