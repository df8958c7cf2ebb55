import { setTimeout as delay } from "node:timers/promises";

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. Never rejects because of the signal. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal && { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
