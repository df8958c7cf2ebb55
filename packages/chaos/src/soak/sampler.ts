import { sleep } from "@parley/async";
import type { App } from "@parley/local";
import { type Cluster, GROUP, LOG } from "../cluster/cluster.ts";
import { sumSamples } from "../cluster/metrics.ts";
import type { Series } from "./judgement/judge.ts";
import { APP_MEASURES, type Measure, REDIS_MEASURES, type RedisMeasure } from "./judgement/measures.ts";

const TIMEOUT_MS = 5_000;

/** Reads the figures of all processes at a constant interval: of the apps from their admin ports, and of Redis. */
export class Sampler {
  readonly #cluster: Cluster;
  readonly #apps: readonly { readonly process: string; readonly app: App }[];
  readonly #series = new Map<string, Series>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  /** Processes that ended, with their exit status. */
  readonly ended: string[] = [];

  constructor(cluster: Cluster, everyMs: number) {
    this.#cluster = cluster;
    this.#apps = appsOf(cluster);
    for (const { process, app } of this.#apps)
      void app.exited.then(({ code, signal }) => {
        if (!this.#stopping.signal.aborted) this.ended.push(`${process} with ${signal ?? code}`);
      });
    this.#running = this.#run(everyMs);
  }

  get series(): Series[] {
    return [...this.#series.values()];
  }

  /** Returns the newest value of a figure, in the unit of its measure. NaN before the first sample. */
  newest(process: string, measure: string): number {
    return this.#series.get(`${process} ${measure}`)?.points.at(-1)?.value ?? Number.NaN;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(everyMs: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // A sample that fails is left out. If a process has ended, `ended` says so.
      await Promise.allSettled([...this.#apps.map((each) => this.#sampleApp(each)), this.#sampleRedis()]);
      await sleep(everyMs, signal);
    }
  }

  async #sampleApp({ process, app }: { readonly process: string; readonly app: App }): Promise<void> {
    const response = await fetch(`${app.adminUrl}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    for (const measure of APP_MEASURES)
      this.#add(process, measure, sumSamples(text, measure.metric, measure.labels ?? {}));
  }

  async #sampleRedis(): Promise<void> {
    const values = await this.#cluster.withRedis(async (redis): Promise<Record<RedisMeasure, number>> => {
      const [keys, info, entries, pending] = await Promise.all([
        redis.dbsize(),
        redis.info("memory"),
        redis.xlen(LOG),
        redis.xpending(LOG, GROUP),
      ]);
      const memory = Number(/used_memory:(\d+)/.exec(info)?.[1]);
      return { keys, memory, entries, pending: Number(pending[0]) };
    });
    for (const [name, measure] of Object.entries(REDIS_MEASURES))
      this.#add("redis", measure, values[name as RedisMeasure]);
  }

  #add(process: string, measure: Measure, value: number): void {
    const key = `${process} ${measure.name}`;
    const series = this.#series.get(key) ?? { process, measure, points: [] };
    series.points.push({ atMs: performance.now(), value: value / measure.unit });
    this.#series.set(key, series);
  }
}

/** Returns the apps with their names in the table. */
export function appsOf({ gateways, persisters, historyApi }: Cluster) {
  const numbered = [gateways, persisters].flatMap((apps) =>
    apps.map(({ app }, index) => ({ process: `${app.name} ${index + 1}`, app })),
  );
  return [...numbered, { process: historyApi.app.name, app: historyApi.app }];
}
