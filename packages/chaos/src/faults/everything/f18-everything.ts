import { setTimeout as delay } from "node:timers/promises";
import { formatSeconds } from "../../report/format.ts";
import { schedule } from "../../runner/schedule.ts";
import type { Fault, FaultContext, Injection } from "../fault.ts";

interface Entry {
  readonly id: string;
  readonly injection: Injection;
}

/** Creates F18, which injects `others` into one cluster for some minutes, by a random schedule from the seed. */
export function everythingAtOnce(others: readonly Fault[]): Fault {
  return {
    id: "F18",
    title: "everything at once",
    isRandom: true,
    hasChanges: true,
    ratePerSecond: 12,
    async inject(context) {
      const byId = new Map(others.map((fault) => [fault.id, fault]));
      const endMs = performance.now() + context.minutes * 60_000;
      const entries: Entry[] = [];
      for (const { pauseMs, faultIds } of schedule(context.seed, others)) {
        if (performance.now() + pauseMs > endMs) break;
        await delay(pauseMs);
        context.log(`${faultIds.join(" with ")} (${entries.length} so far)`);
        const faults = faultIds.flatMap((id) => byId.get(id) ?? []);
        entries.push(...(await Promise.all(faults.map((fault) => injectShort(fault, context)))));
      }
      return summaryOf(entries, context.seed);
    },
  };
}

/** Injects the short form of a fault, because many short faults meet in more combinations than a few long ones. */
async function injectShort(fault: Fault, context: FaultContext): Promise<Entry> {
  const log = (line: string): void => context.log(`${fault.id}: ${line}`);
  try {
    return { id: fault.id, injection: await fault.inject({ ...context, log, short: true }) };
  } catch (error) {
    throw new Error(`${fault.id}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function summaryOf(entries: readonly Entry[], seed: number): Injection {
  const counts = Object.entries(Object.groupBy(entries, ({ id }) => id))
    .map(([id, all = []]) => `${id}${all.length > 1 ? ` ×${all.length}` : ""}`)
    .toSorted((a, b) => Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10));
  const recoveryMs = Math.max(0, ...entries.map(({ injection }) => injection.recoveryMs));
  return {
    struck: entries.filter(({ injection }) => injection.struck > 0).length,
    unit: "faults",
    recoveryMs,
    details: `seed ${seed}: ${counts.join(", ")}; the slowest recovery ${formatSeconds(recoveryMs)}`,
    problems: entries.flatMap(({ id, injection: { problems = [] } }) =>
      problems.map((line) => `in ${id}: ${line}`),
    ),
    late: entries.flatMap(({ id, injection: { late = [] } }) => late.map((line) => `in ${id}: ${line}`)),
  };
}
