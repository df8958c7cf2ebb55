import { setTimeout as delay } from "node:timers/promises";
import { inBackground, sleep } from "@parley/async";
import type { Cluster } from "../../cluster/cluster.ts";
import { isStoredUpTo } from "../../cluster/log-inspection.ts";
import { type Target, targetsOf } from "../../cluster/targets.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import { type SignalStep, signals } from "../../runner/signals.ts";
import { HistoryProbe } from "../../workload/history-probe.ts";
import { RawSender } from "../../workload/raw-sender.ts";
import type { Fault, FaultContext } from "../fault.ts";

const MAX_MINUTES = 2;
const RAW_CLIENTS = 4;
const PAUSE_MS = 250;
/** Time within which each request for history must be answered. Tests share the machine, so they get more. */
const ANSWER_LIMIT_MS = { full: 12_000, short: 20_000 };
/** Time after the last signal within which everything must be stored. */
const STORED_WITHIN_MS = 60_000;

/**
 * Kills and freezes every process at random, one after the other, while clients without the SDK send and read. History
 * must answer at any time, and afterwards everything must be stored within a minute.
 */
export const randomSignals: Fault = {
  id: "F26",
  title: "processes are killed and frozen at random",
  isRandom: true,
  ratePerSecond: 12,
  async inject(context) {
    const { cluster, seed, short, minutes, log } = context;
    const limitMs = short ? ANSWER_LIMIT_MS.short : ANSWER_LIMIT_MS.full;
    const probe = new HistoryProbe(cluster.historyApi.app.url, limitMs);
    const stopping = new AbortController();
    const clients = inBackground(
      Promise.all([...startSenders(context, stopping.signal), startReaders(cluster, probe, stopping.signal)]),
    );
    const targets = targetsOf(cluster);
    const endMs = performance.now() + Math.min(minutes, MAX_MINUTES) * 60_000;
    const counts = new Map<string, number>();
    try {
      for (const step of signals(seed, targets.length)) {
        if (performance.now() + step.pauseMs > endMs) break;
        const name = await apply(step, targets);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        log(`${name} for ${formatSeconds(step.durationMs)}`);
      }
    } finally {
      stopping.abort();
    }
    const overMs = performance.now();
    await clients;
    const problems = await storedProblems(context, STORED_WITHIN_MS - (performance.now() - overMs));
    return {
      struck: [...counts.values()].reduce((sum, count) => sum + count, 0),
      unit: "signals",
      recoveryMs: performance.now() - overMs,
      details: `seed ${seed}: ${[...counts].map(([name, count]) => `${name} ×${count}`).join(", ")}; ${probe.complete} answers, ${probe.refused} times 503, the slowest first byte after ${formatSeconds(probe.slowestMs)}`,
      problems: [...problems, ...probe.problems],
    };
  },
};

/** Kills or freezes a process, and brings it back. Resolves with the names of the signal and the process. */
async function apply(
  { pauseMs, target, signal, durationMs }: SignalStep,
  targets: readonly Target[],
): Promise<string> {
  await delay(pauseMs);
  const process = targets[target];
  if (!process) throw new RangeError("no such process");
  await process.kill(signal);
  await delay(durationMs);
  if (signal === "SIGKILL") await process.restart();
  else await process.kill("SIGCONT");
  return `${signal} ${process.name}`;
}

/** Starts clients that send to the public room, one message at a time, and record them in the ledger. */
function startSenders({ cluster, workload: { ledger } }: FaultContext, stop: AbortSignal): Promise<void>[] {
  return Array.from({ length: RAW_CLIENTS }, async (_, n) => {
    const user = `f26-raw-${n}`;
    const sender = new RawSender(cluster.urls, await cluster.token(user), user);
    for (let count = 0; !stop.aborted; count += 1) {
      const content = `${user}#${count}`;
      const send = ledger.addSend(user, user, "", content);
      send.outcome = { kind: "acked", id: await sender.send("", content), atMs: performance.now() };
      await sleep(PAUSE_MS, stop);
    }
    sender.close();
  });
}

async function startReaders(cluster: Cluster, probe: HistoryProbe, stop: AbortSignal): Promise<void> {
  const paths = ["/messages", "/messages?limit=50", "/sync?limit=200", "/conversations"];
  const tokens = await Promise.all(paths.map((_, n) => cluster.token(`f26-raw-${n}`)));
  await Promise.all(
    tokens.map((token, n) => probe.run([...paths.slice(n), ...paths.slice(0, n)], token, stop)),
  );
}

/** Waits until everything is stored that was acknowledged until now. */
async function storedProblems({ cluster, workload }: FaultContext, timeoutMs: number): Promise<string[]> {
  const ids = workload.ledger.acked.map(({ outcome }) => (outcome.kind === "acked" ? outcome.id : ""));
  const last = ids.toSorted().at(-1) ?? "";
  const isStored = () => isStoredUpTo(cluster, last);
  return eventually(isStored, "everything to be stored", timeoutMs).then(
    () => [],
    () => [`not everything was stored ${formatSeconds(STORED_WITHIN_MS)} after the last signal`],
  );
}
