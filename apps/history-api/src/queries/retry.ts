import { backoffMs, sleep } from "@parley/async";
import { ChatError } from "@parley/models";

const MAX_ATTEMPTS = 5;
const WAIT = { minMs: 100, maxMs: 2_000 };

/**
 * Retries a read that fails with `unavailable`, up to 5 attempts within a few seconds. Used in the middle of a
 * response, where a failure can't be answered with an error any more, only by destroying the connection (P50).
 * Rejects with the last failure, and immediately with any other error.
 */
export async function retryUnavailable<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      const isTemporary = error instanceof ChatError && error.code === "unavailable";
      if (!isTemporary || attempt === MAX_ATTEMPTS) throw error;
    }
    await sleep(backoffMs(attempt, WAIT));
  }
}
