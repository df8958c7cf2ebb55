import { backoffMs, sleep } from "@parley/async";
import { ChatError } from "@parley/models";

const TRIES = 5;
const WAIT = { minMs: 100, maxMs: 2_000 };

/**
 * Asks again where a store or a log cannot answer now, a few times within some seconds: for a read in the middle of an
 * answer, which could not say so to the client any more but by ending the connection (P50). Rejects with the last
 * failure, and at once with one that asking again does not mend.
 */
export async function persevere<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      const isTemporary = error instanceof ChatError && error.code === "unavailable";
      if (!isTemporary || attempt === TRIES) throw error;
    }
    await sleep(backoffMs(attempt, WAIT));
  }
}
