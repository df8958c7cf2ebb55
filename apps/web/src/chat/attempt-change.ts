import { ParleyError } from "@parley/client";
import { changeFailureReason } from "./labels.ts";

/** The longest time for which an edit or a deletion is tried, in ms. The user waits for it. */
const CHANGE_TIMEOUT_MS = 30_000;

/** Edits or deletes a message. Resolves with the reason why that failed, or undefined. Never rejects. */
export async function attemptChange(
  change: (signal: AbortSignal) => Promise<unknown>,
): Promise<string | undefined> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), CHANGE_TIMEOUT_MS);
  try {
    await change(ended.signal);
    return undefined;
  } catch (error) {
    return changeFailureReason(error instanceof ParleyError ? error.code : "");
  } finally {
    clearTimeout(timer);
  }
}
