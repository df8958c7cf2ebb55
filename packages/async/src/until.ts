import { sleep } from "./sleep.ts";

/** Long enough for a slow machine. It makes no test slower: `until` resolves as soon as the condition holds. */
const TIMEOUT_MS = 25_000;
const MIN_PAUSE_MS = 5;
/** A long wait pauses for this share of the time so far, up to a limit, because many short pauses cost more than they save. */
const PAUSE_SHARE = 0.1;
const MAX_SHARE_MS = 25;

type Ready<T> = Exclude<T, undefined | null | false>;

/**
 * Checks a condition until it holds, and resolves with its value: anything but undefined, null and false. For tests
 * and commands that wait for another process. A condition that throws is checked again, but a failed assertion ends
 * the wait at once.
 *
 * After `timeoutMs`, rejects with an error that names `what` and has the condition's last error as its cause. Each
 * pause is at least twice as long as the check before it, and grows with the wait, so that checks don't become the load
 * that slows everything down.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string | (() => string) = () => String(condition),
  timeoutMs = TIMEOUT_MS,
): Promise<Ready<T>> {
  const begun = performance.now();
  const deadline = begun + timeoutMs;
  let cause: unknown;
  for (;;) {
    const started = performance.now();
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as Ready<T>;
    } catch (error) {
      if (error instanceof Error && error.name === "AssertionError") throw error;
      cause = error;
    }
    const now = performance.now();
    if (now > deadline)
      throw new Error(`timed out after ${timeoutMs / 1_000} s waiting for ${named(what)}`, { cause });
    const share = Math.min(MAX_SHARE_MS, PAUSE_SHARE * (now - begun));
    await sleep(Math.max(MIN_PAUSE_MS, share, 2 * (now - started)));
  }
}

function named(what: string | (() => string)): string {
  return typeof what === "string" ? what : what();
}
