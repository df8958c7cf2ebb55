import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import { formatOfLog, isStoredUpTo } from "../cluster/log-inspection.ts";
import { eventually } from "../eventually.ts";
import type { Fault, FaultContext, Injection } from "../faults/fault.ts";
import { persisterDies } from "../faults/processes/f01-persister-dies.ts";
import { formatSeconds } from "../report/format.ts";
import { readHistory } from "../workload/history-reader.ts";
import { masterDies } from "./master-dies.ts";
import { describeStep, FIRST_ORDER, type Order, planOf, type Step } from "./plan.ts";
import type { Build } from "./release.ts";
import { SyncReader } from "./sync-reader.ts";
import { TwinSender } from "./twin-sender.ts";

/** Name of an upgrade among the faults of mutants. */
export const UPGRADE = "upgrade";

/**
 * Time after each step within which every client has a new ack, every history-api answers, and everything acknowledged
 * until then is stored. Tests and mutants share the machine, so they get more.
 */
const RECOVERED_WITHIN_MS = { full: 15_000, short: 30_000 };
/** Time for which clients use the mixture of builds that a step leaves. */
const HOLD_MS = { full: 3_000, short: 300 };
/** Wait after `ENTRIES` was lowered, before the first old process starts, as docs/operating.md tells an operator. */
const LOWERED_HOLD_MS = 60_000;
/** Time within which a process must end after SIGTERM (P41). */
const STOP_BOUND_MS = 25_000;
/**
 * Time within which one of the history-apis must answer while the other is replaced (P55): 10 s, and two. Tests and mutants
 * share the machine, so they get more.
 */
const ANSWER_LIMIT_MS = { full: 12_000, short: 20_000 };
const SYNC_READERS = 2;
/** With more, the thousands of messages of a long upgrade make a small MongoDB on a busy machine miss its deadlines. */
const RATE_PER_SECOND = 8;

/** The builds of an upgrade. */
export interface Builds {
  readonly from: Build;
  readonly to: Build;
}

/** Returns an upgrade as a fault, by default in the first order. `plan` replaces the steps of the order. */
export function upgradeFault(
  { from, to }: Builds,
  order: Order = FIRST_ORDER,
  plan?: readonly Step[],
): Fault {
  const { id, components, isSentinelled } = order;
  return {
    id,
    title: `${components.join(", ")}${isSentinelled ? ", with Redis under Sentinels, whose master dies" : ""}`,
    clusterOptions: {
      builds: from,
      keepsFormat: true,
      historyApis: 2,
      // Without it a failover may lose what the replica doesn't have (G1).
      ...(isSentinelled && { isSentinelled, env: { DURABILITY: "replicated" } }),
    },
    ratePerSecond: RATE_PER_SECOND,
    isSteady: true,
    async inject(context) {
      const knowsEntries = /\bENTRIES\b/.test(await readFile(to.persister, "utf8"));
      const upgrade = new Upgrade(context, { from, to });
      return upgrade.run(plan ?? planOf(order, knowsEntries));
    },
  };
}

/** One upgrade under load. A step after which something stalls ends it. */
class Upgrade {
  readonly #context: FaultContext;
  readonly #builds: Builds;
  readonly #problems: string[] = [];
  readonly #faults: string[] = [];
  #replaced = 0;
  #slowestMs = 0;

  constructor(context: FaultContext, builds: Builds) {
    this.#context = context;
    this.#builds = builds;
  }

  async run(plan: readonly Step[]): Promise<Injection> {
    const { cluster, workload, log, short } = this.#context;
    const { ledger } = workload;
    const since = ledger.startId;
    const readers = ledger.observations.slice(0, SYNC_READERS).map(({ user }) => {
      const observation = ledger.addObserver(`${user} by /sync`, user);
      observation.since = since;
      return new SyncReader(cluster, observation);
    });
    const twins = await TwinSender.start(cluster, ledger, `${ledger.observations[0]?.user}-twin`);
    try {
      for (const [index, step] of plan.entries()) {
        log(`${index + 1} of ${plan.length}: ${describeStep(step)}`);
        await this.#apply(step);
        await this.#recover(step);
        const isLowered = step.kind === "entries" && step.value === "1";
        await delay(isLowered ? LOWERED_HOLD_MS : short ? HOLD_MS.short : HOLD_MS.full);
      }
      await twins.stop();
    } finally {
      twins.close();
      for (const reader of readers) await reader.stop();
    }
    return this.#injectionOf(plan, readers, twins);
  }

  async #apply(step: Step): Promise<void> {
    const { gateways, persisters, historyApis } = this.#context.cluster;
    if (step.kind === "fault") await this.#causeFault();
    else if (step.kind === "entries") {
      for (const { app } of persisters) await this.#restart(app, { ENTRIES: step.value });
      const hasFormat = async () => (await formatOfLog(this.#context.cluster)) === step.value;
      await eventually(hasFormat, `the log to have format ${step.value}`);
    } else {
      const { component, index, to } = step;
      const apps = { gateway: gateways, persister: persisters, "history-api": historyApis }[component];
      const app = apps[index]?.app;
      if (!app) throw new RangeError(`there is no ${component} ${index + 1}`);
      await this.#restart(app, {}, this.#builds[to === "new" ? "to" : "from"][component]);
      this.#replaced += 1;
    }
  }

  /** Kills the master of Redis, or each persister in turn while it holds what the other one must then settle. */
  async #causeFault(): Promise<void> {
    const { cluster } = this.#context;
    const { persisters, sentinels } = cluster;
    for (const order of sentinels ? [persisters] : [persisters, persisters.toReversed()]) {
      const context = { ...this.#context, cluster: { ...cluster, persisters: order }, short: true };
      const { struck, unit, details } = await (sentinels ? masterDies : persisterDies).inject(context);
      this.#faults.push(`${struck} ${unit}: ${details}`);
    }
  }

  async #restart(app: App, env: Readonly<Record<string, string>>, file?: string): Promise<void> {
    const stoppedMs = performance.now();
    const { code, signal } = await app.stop();
    const tookMs = performance.now() - stoppedMs;
    if (code !== 0) this.#problems.push(`${app.name} ended with ${signal ?? code}`);
    if (tookMs > STOP_BOUND_MS) this.#problems.push(`${app.name} took ${formatSeconds(tookMs)} to end`);
    await app.restart(env, file);
  }

  /** Waits until everything works after a step. Rejects if that takes too long. */
  async #recover(step: Step): Promise<void> {
    const { cluster, workload, short } = this.#context;
    const sinceMs = performance.now();
    const limitMs = short ? RECOVERED_WITHIN_MS.short : RECOVERED_WITHIN_MS.full;
    const acked = workload.ledger.acked.map(({ outcome }) => (outcome.kind === "acked" ? outcome.id : ""));
    const last = acked.toSorted().at(-1) ?? "";
    const answers = cluster.historyApis.map((api) =>
      eventually(() => readHistory(cluster, "reader", "/messages?limit=20", { api }), "history", limitMs),
    );
    try {
      await Promise.all([
        workload.untilRecovered(sinceMs, limitMs),
        eventually(() => isStoredUpTo(cluster, last), "the backlog to be stored", limitMs),
        ...answers,
      ]);
    } catch (error) {
      const { message, cause } = error instanceof Error ? error : new Error(String(error));
      throw new Error(`stalled after ${describeStep(step)}: ${message}`, { cause });
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - sinceMs);
  }

  #injectionOf(plan: readonly Step[], readers: readonly SyncReader[], twins: TwinSender): Injection {
    const { cluster, workload, short } = this.#context;
    const { sends } = workload.ledger;
    const answerLimitMs = short ? ANSWER_LIMIT_MS.short : ANSWER_LIMIT_MS.full;
    const refused = sends.flatMap(({ outcome }) => (outcome.kind === "failed" ? [outcome.code] : []));
    const waitedMs = Math.max(...readers.map(({ longestWaitMs }) => longestWaitMs));
    const pages = readers.reduce((sum, reader) => sum + reader.pages, 0);
    const entries = plan.some(({ kind }) => kind === "entries")
      ? "ENTRIES was raised and lowered"
      : "the new build has no ENTRIES";
    return {
      struck: this.#replaced,
      unit: "processes replaced",
      recoveryMs: this.#slowestMs,
      details: [
        ...this.#faults,
        entries,
        `${pages} pages of /sync, the longest wait ${formatSeconds(waitedMs)}`,
        `${twins.sent} refs sent through both gateways`,
      ].join("; "),
      // A master that dies may have given messages to a persister and not to its replicas. The next master doesn't know
      // their refs, so a retry gets a second id, and the store keeps the first message (L9, L13).
      ...(cluster.sentinels && { destroyed: new Set<string>() }),
      problems: [
        ...this.#problems,
        ...twins.problems,
        ...(refused.length > 0 ? [`${refused.length} sends were refused, such as with ${refused[0]}`] : []),
        ...(waitedMs > answerLimitMs
          ? [`P55: neither history-api answered /sync for ${formatSeconds(waitedMs)}`]
          : []),
      ],
    };
  }
}
