import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { freePort, startChild } from "@parley/local";
import { stringify } from "yaml";
import { rulesYaml } from "../rules/rules.ts";

/** A process that Prometheus scrapes. */
export interface Target {
  readonly job: string;
  readonly adminUrl: string;
}

/** A real Prometheus that evaluates our rules over real processes. */
export interface Prometheus {
  /** Names of the alerts that fire now, in order. */
  firing(): Promise<readonly string[]>;
  /** Number of series that a query returns. Rejects if Prometheus refuses the query. */
  countSeries(expr: string): Promise<number>;
  /** Errors of rules, as text. */
  ruleErrors(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts a Prometheus that scrapes and evaluates every second. `factor` shortens the durations of the rules. */
export async function startPrometheus(targets: readonly Target[], factor: number): Promise<Prometheus> {
  const dir = await mkdtemp(join(tmpdir(), "parley-prometheus-"));
  const address = `127.0.0.1:${await freePort()}`;
  const scrape_configs = targets.map(({ job, adminUrl }) => ({
    job_name: job,
    static_configs: [{ targets: [new URL(adminUrl).host] }],
  }));
  const global = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" };
  await writeFile(join(dir, "rules.yml"), rulesYaml(factor));
  await writeFile(join(dir, "config.yml"), stringify({ global, rule_files: ["rules.yml"], scrape_configs }));
  const child = await startChild({
    command: "prometheus",
    args: ["--config.file=config.yml", `--storage.tsdb.path=${dir}/data`, `--web.listen-address=${address}`],
    cwd: dir,
    env: process.env,
  });

  async function get<Data>(path: string): Promise<Data> {
    const response = await fetch(`http://${address}${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string };
    if (status !== "success") throw new Error(error);
    return data;
  }

  await until(
    () =>
      fetch(`http://${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    "Prometheus is ready",
    60_000,
  );
  return {
    async firing() {
      const { alerts } = await get<{ alerts: readonly { state: string; labels: { alertname: string } }[] }>(
        "/api/v1/alerts",
      );
      const names = alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname);
      return [...new Set(names)].sort();
    },
    async countSeries(expr) {
      const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
      return (await get<{ result: readonly unknown[] }>(path)).result.length;
    },
    async ruleErrors() {
      const { groups } = await get<{
        groups: readonly { rules: readonly { name: string; lastError?: string }[] }[];
      }>("/api/v1/rules");
      const rules = groups.flatMap((group) => group.rules);
      return rules.flatMap(({ name, lastError }) => (lastError ? [`${name}: ${lastError}`] : []));
    },
    async stop() {
      await child.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}
