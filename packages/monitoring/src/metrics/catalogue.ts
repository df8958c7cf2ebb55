import { observeGateway } from "@parley/gateway/metrics";
import { observeHistory } from "@parley/history-api/metrics";
import { observePersister } from "@parley/persister/metrics";
import { addReadyGauge, createLogger, createMetrics, observeHttp, type Registry } from "@parley/service";
import { observeAuth, observeBus, observeStore } from "@parley/telemetry";

/** A metric that a process exposes. */
export interface Metric {
  readonly name: string;
  readonly kind: string;
  /** The labels with their values. Gauges have no values until they are set. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** True if the metric has series before anything has happened. */
  readonly hasSeries: boolean;
}

/** Reads every metric of our own from the code that creates it. Metrics of Node under their usual names are left out. */
export async function readCatalogue(): Promise<readonly Metric[]> {
  const registry = createMetrics({ app: "catalogue" });
  const log = createLogger({ name: "catalogue", level: "silent" });
  observeGateway(log, registry);
  observePersister(log, registry);
  observeHistory(log, registry);
  observeAuth(log, registry);
  observeBus(log, registry);
  observeStore(log, registry);
  observeHttp(log, registry, { server: "public", limits: { total: 1 } });
  addReadyGauge(registry, () => []);
  const values = await registry.getMetricsAsJSON();
  return values
    .filter(({ name }) => name.startsWith("parley_"))
    .map(({ name, type, values: series }) => {
      const labels = labelNamesOf(registry, name).map((label) => {
        const found = (series as readonly { labels: Record<string, unknown> }[]).flatMap(
          ({ labels: own }) => own[label] ?? [],
        );
        return [label, [...new Set(found.map(String))]] as const;
      });
      return { name, kind: String(type), labels: Object.fromEntries(labels), hasSeries: series.length > 0 };
    });
}

/** prom-client's types don't have the names of a metric's labels. */
function labelNamesOf(registry: Registry, name: string): readonly string[] {
  const metric: unknown = registry.getSingleMetric(name);
  return (metric as { readonly labelNames: readonly string[] }).labelNames;
}
