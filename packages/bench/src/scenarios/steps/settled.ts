import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import { steadyMicros } from "../../load/stamp.ts";
import { cpuMicros } from "../../runner/proc.ts";
import { restingShare } from "../../runner/stopwatch.ts";

/** How far persisters had come together at a moment. */
export interface Progress {
  readonly at: number;
  readonly settled: number;
  readonly cpu: Readonly<Record<"persister" | "mongo" | "redis", number>>;
}

/** Asking costs a persister a little too, so it is asked seldom. */
const POLL_MS = 250;
const STUCK_MS = 60_000;
const SETTLED = /^parley_persister_messages_settled_total\{[^}]*\} (\d+)$/gm;

/** Watches until `count` messages are settled. Rejects where they no longer get on. */
export async function watchSettling(
  persisters: readonly App[],
  count: number,
  others: { readonly mongo: number; readonly redis: number },
): Promise<Progress[]> {
  const seen: Progress[] = [];
  for (let movedAt = steadyMicros(), last = -1; last < count; await delay(POLL_MS)) {
    const cpu = {
      persister: persisters.reduce((sum, { pid }) => sum + cpuMicros(pid), 0),
      mongo: cpuMicros(others.mongo),
      redis: cpuMicros(others.redis),
    };
    const settled = await Promise.all(persisters.map(settledBy));
    const now = { at: steadyMicros(), settled: settled.reduce((sum, each) => sum + each, 0), cpu };
    seen.push(now);
    if (now.settled > last) [last, movedAt] = [now.settled, now.at];
    else if (now.at - movedAt > STUCK_MS * 1000)
      throw new Error(`${persisters.length} persisters stand at ${last} of ${count} messages`);
  }
  return seen;
}

/** How much of a core they use together while there is nothing to store and they are asked all the same. */
export function restOf(persisters: readonly App[]): Promise<number> {
  const meanwhile = () => Promise.all(persisters.map(settledBy));
  return restingShare(
    persisters.map(({ pid }) => pid),
    { everyMs: POLL_MS, meanwhile },
  );
}

async function settledBy({ adminUrl }: App): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return parseSettled(text);
}

/** Of all outcomes together. */
export function parseSettled(metrics: string): number {
  return [...metrics.matchAll(SETTLED)].reduce((sum, [, value]) => sum + Number(value), 0);
}
