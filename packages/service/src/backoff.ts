import { setTimeout } from "node:timers/promises";

export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** How long to wait after failure number `attempt` (from 1): doubling, capped, and half of it left to chance. */
export function backoffMs(attempt: number, { minMs, maxMs }: BackoffLimits, random = Math.random): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + random() / 2));
}

/** Waits, and resolves at once when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
