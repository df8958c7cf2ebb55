import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger, createMetrics, observeHttp, type Registry } from "@parley/service";
import { describe, expect, it } from "vitest";
import { observeGateway } from "../../../../apps/gateway/src/metrics.ts";
import { observeHistory } from "../../../../apps/history-api/src/metrics.ts";
import { observePersister } from "../../../../apps/persister/src/metrics.ts";
import { observeAuth, observeBus, observeStore } from "../../../telemetry/src/index.ts";

const docs = (file: string) => readFileSync(join(import.meta.dirname, "../../../../docs", file), "utf8");

describe("docs/operating.md", () => {
  /** The names in backticks in the first column of the tables. */
  const named = [...docs("operating.md").matchAll(/^\| `([^`]+)` /gm)].map(([, name = ""]) => name);
  const log = createLogger({ name: "docs", level: "silent" });
  const metricsOf = async (observe: (registry: Registry) => unknown) => {
    const registry = createMetrics({ app: "docs" });
    const defaults = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
    observe(registry);
    return (await registry.getMetricsAsJSON()).map(({ name }) => name).filter((name) => !defaults.has(name));
  };

  it("counters and histograms exist for each value of their labels before anything has happened", async () => {
    const registry = createMetrics({ app: "docs" });
    observeGateway(log, registry);
    observePersister(log, registry);
    observeHistory(log, registry);
    observeAuth(log, registry);
    observeBus(log, registry);
    observeStore(log, registry);
    observeHttp(log, registry, { server: "public", limits: { total: 1 } });
    const ours = (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith("parley_"));
    const empty = ours.filter(({ type, values }) => String(type) !== "gauge" && values.length === 0);
    expect(ours.length).toBeGreaterThan(40);
    expect(empty.map(({ name }) => name)).toEqual([]);
  });

  it("lists every metric, and no other", async () => {
    const names = await Promise.all([
      metricsOf((registry) => observeGateway(log, registry)),
      metricsOf((registry) => observePersister(log, registry)),
      metricsOf((registry) => observeHistory(log, registry)),
      metricsOf((registry) => observeAuth(log, registry)),
      metricsOf((registry) => observeBus(log, registry)),
      metricsOf((registry) => observeStore(log, registry)),
      metricsOf((registry) => observeHttp(log, registry, { server: "public", limits: { total: 1 } })),
    ]);
    const documented = new Set(named.filter((name) => /^parley_\w+$/.test(name)));
    expect([...documented].sort()).toEqual(names.flat().sort());
  });
});
