import { collectDefaultMetrics, Registry } from "prom-client";

export { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * A registry of one process, with the figures of the process itself in it. Every name begins with `parley_`, every
 * metric carries the label `service`. Metrics of an app: `new Counter({ name: "parley_…", registers: [registry] })`.
 */
export function createMetrics({ service }: { readonly service: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, prefix: "parley_" });
  return registry;
}
