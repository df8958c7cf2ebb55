import { setTimeout as delay } from "node:timers/promises";
import { seconds } from "../report/words.ts";
import { schedule } from "../runner/schedule.ts";
import type { Context, Fault, Strike } from "./fault.ts";

/** A seeded random schedule of these, minutes long, in one house. */
export function everythingAtOnce(others: readonly Fault[]): Fault {
  return {
    id: "F18",
    title: "everything at once",
    isDrawn: true,
    ratePerSecond: 12,
    async run(context) {
      const byId = new Map(others.map((fault) => [fault.id, fault]));
      const until = performance.now() + context.minutes * 60_000;
      const strikes: { readonly id: string; readonly strike: Strike }[] = [];
      for (const { afterMs, together } of schedule(context.seed, others)) {
        if (performance.now() + afterMs > until) break;
        await delay(afterMs);
        context.say(`${together.join(" with ")} (${strikes.length} so far)`);
        const faults = together.flatMap((id) => byId.get(id) ?? []);
        strikes.push(...(await Promise.all(faults.map((fault) => struckBy(fault, context)))));
      }
      return summaryOf(strikes, context.seed);
    },
  };
}

async function struckBy(fault: Fault, context: Context): Promise<{ id: string; strike: Strike }> {
  const say = (what: string): void => context.say(`${fault.id}: ${what}`);
  // Small and often, rather than big and seldom.
  try {
    return { id: fault.id, strike: await fault.run({ ...context, say, short: true }) };
  } catch (error) {
    throw new Error(`${fault.id}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function summaryOf(
  strikes: readonly { readonly id: string; readonly strike: Strike }[],
  seed: number,
): Strike {
  const counts = Object.entries(Object.groupBy(strikes, ({ id }) => id))
    .map(([id, all = []]) => `${id}${all.length > 1 ? ` ×${all.length}` : ""}`)
    .toSorted((a, b) => Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10));
  const recoveryMs = Math.max(0, ...strikes.map(({ strike }) => strike.recoveryMs));
  return {
    struck: strikes.filter(({ strike }) => strike.struck > 0).length,
    of: "faults",
    recoveryMs,
    shown: `seed ${seed}: ${counts.join(", ")}; the slowest recovery ${seconds(recoveryMs)}`,
    problems: strikes.flatMap(({ id, strike: { problems = [] } }) =>
      problems.map((line) => `in ${id}: ${line}`),
    ),
    late: strikes.flatMap(({ id, strike: { late = [] } }) => late.map((line) => `in ${id}: ${line}`)),
  };
}
