import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger, createMetrics, describeEnv, type Registry } from "@parley/service";
import { describe, expect, it } from "vitest";
import { cliEnv } from "../../../apps/cli/src/environment.ts";
import { observeGateway } from "../../../apps/gateway/src/metrics.ts";
import { gatewayEnv } from "../../../apps/gateway/src/process.ts";
import { observeHistory } from "../../../apps/history-api/src/metrics.ts";
import { historyEnv } from "../../../apps/history-api/src/process.ts";
import { observePersister } from "../../../apps/persister/src/metrics.ts";
import { persisterEnv } from "../../../apps/persister/src/process.ts";
import { standaloneEnv } from "../../../apps/standalone/src/process.ts";
import { observeBus, observeStore } from "../../telemetry/src/index.ts";

const docs = (file: string) => readFileSync(join(import.meta.dirname, "../../../docs", file), "utf8");

/** Rows of tables whose first cell is a name in backticks, by that name. */
function rowsOf(text: string): Map<string, string[]> {
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  return new Map(
    rows.map((row) => {
      const cells = row.split("|").map((cell) => cell.trim());
      return [(cells[1] ?? "").replaceAll("`", ""), cells.slice(2, -1)];
    }),
  );
}

const APPS = { G: gatewayEnv, P: persisterEnv, H: historyEnv, S: standaloneEnv, C: cliEnv };
const read = Object.entries(APPS).flatMap(([app, shape]) =>
  describeEnv(shape).map((variable) => ({ app, ...variable })),
);

describe("docs/configuration.md", () => {
  const rows = rowsOf(docs("configuration.md"));

  it("has every variable that is read, and no other", () => {
    expect([...rows.keys()].sort()).toEqual([...new Set(read.map(({ name }) => name))].sort());
  });

  it.each([...rows])("%s: who reads it, and its default", (name, [byDefault = "", readBy = ""]) => {
    const readers = read.filter((variable) => variable.name === name);
    expect(readBy.split(" ")).toEqual(readers.map(({ app }) => app));
    for (const { default: value = "" } of readers)
      expect(byDefault.replaceAll(",", "")).toContain(value.replaceAll(",", ""));
  });
});

describe("docs/operating.md", () => {
  const rows = rowsOf(docs("operating.md"));
  const log = createLogger({ name: "docs", level: "silent" });
  const metricsOf = async (observe: (registry: Registry) => unknown) => {
    const registry = createMetrics({ service: "docs" });
    const process = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
    observe(registry);
    return (await registry.getMetricsAsJSON()).map(({ name }) => name).filter((name) => !process.has(name));
  };

  it("has every metric, and no other", async () => {
    const names = await Promise.all([
      metricsOf((registry) => observeGateway(log, registry)),
      metricsOf((registry) => observePersister(log, registry)),
      metricsOf((registry) => observeHistory(log, registry)),
      metricsOf((registry) => observeBus(log, registry)),
      metricsOf((registry) => observeStore(log, registry)),
    ]);
    const documented = [...rows.keys()].filter((name) => /^parley_\w+$/.test(name));
    expect(documented.sort()).toEqual(names.flat().sort());
  });
});
