import { sleep } from "./sleep.ts";

/** Long enough for a slow machine: a test that passes doesn't take longer because of it. */
const TIMEOUT_MS = 25_000;
const MIN_PAUSE_MS = 5;

type Ready<T> = Exclude<T, undefined | null | false>;

/**
 * Checks a condition until it holds, and resolves with its value: anything but undefined, null and false. For tests and
 * commands that wait for another process. A condition that throws doesn't hold yet, except that a failed assertion ends the
 * wait at once.
 *
 * Rejects after `timeoutMs`, naming `what`, with the last error as its cause. Pauses twice as long as a check takes, so
 * that checking doesn't become the load that everything waits for.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string | (() => string) = () => String(condition),
  timeoutMs = TIMEOUT_MS,
): Promise<Ready<T>> {
  const deadline = performance.now() + timeoutMs;
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
    await sleep(Math.max(MIN_PAUSE_MS, 2 * (now - started)));
  }
}

function named(what: string | (() => string)): string {
  return typeof what === "string" ? what : what();
}
