import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import { steadyMicros } from "../../load/stamp.ts";
import { cpuMicros } from "../../runner/proc.ts";
import { measureIdleShare } from "../../runner/stopwatch.ts";

/** A sample: the messages that all persisters together have settled so far, and the CPU used so far. */
export interface Progress {
  /** Time of the sample, in µs of the steady clock. */
  readonly at: number;
  readonly settled: number;
  /** In µs. */
  readonly cpu: Readonly<Record<"persister" | "mongo" | "redis", number>>;
}

/** Interval of polls. It is long because each poll costs a persister some CPU. */
const POLL_MS = 250;
const STUCK_MS = 60_000;
const SETTLED = /^parley_persister_messages_settled_total\{[^}]*\} (\d+)$/gm;

/** Polls until `count` messages are settled. Rejects if there is no progress for a minute. */
export async function watchProgress(
  persisters: readonly App[],
  count: number,
  servers: { readonly mongo: number; readonly redis: number },
): Promise<Progress[]> {
  const seen: Progress[] = [];
  for (let movedAt = steadyMicros(), last = -1; last < count; await delay(POLL_MS)) {
    const cpu = {
      persister: persisters.reduce((sum, { pid }) => sum + cpuMicros(pid), 0),
      mongo: cpuMicros(servers.mongo),
      redis: cpuMicros(servers.redis),
    };
    const settled = await Promise.all(persisters.map(settledBy));
    const now = { at: steadyMicros(), settled: settled.reduce((sum, each) => sum + each, 0), cpu };
    seen.push(now);
    if (now.settled > last) [last, movedAt] = [now.settled, now.at];
    else if (now.at - movedAt > STUCK_MS * 1000)
      throw new Error(`no progress for ${STUCK_MS / 1000} s: ${last} of ${count} messages are settled`);
  }
  return seen;
}

/** Measures the CPU that idle persisters use together, including the cost of polls, as a share of one core. */
export function idleShareOfPersisters(persisters: readonly App[]): Promise<number> {
  const meanwhile = () => Promise.all(persisters.map(settledBy));
  return measureIdleShare(
    persisters.map(({ pid }) => pid),
    { everyMs: POLL_MS, meanwhile },
  );
}

async function settledBy({ adminUrl }: App): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return parseSettled(text);
}

/** Returns the number of settled messages, summed over all outcomes. */
export function parseSettled(metrics: string): number {
  return [...metrics.matchAll(SETTLED)].reduce((sum, [, value]) => sum + Number(value), 0);
}
