import { backoffMs, sleep } from "@parley/async";
import { ChatError, ERRORS } from "@parley/models";

const MAX_ATTEMPTS = 5;
const WAIT = { minMs: 100, maxMs: 2_000 };

/**
 * Retries a read that fails with a temporary error, up to 5 attempts within a few seconds. Then rejects with the last
 * failure. Rejects immediately with any other error, and once `signal` is aborted. Used in the middle of a response: a failure there can't be
 * answered with an error any more, only by destroying the connection (P50).
 */
export async function retryTemporary<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      const isTemporary = error instanceof ChatError && ERRORS[error.code].temporary;
      if (!isTemporary || attempt === MAX_ATTEMPTS || signal.aborted) throw error;
    }
    await sleep(backoffMs(attempt, WAIT), signal);
  }
}
