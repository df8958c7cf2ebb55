import type { ParleyError } from "../errors.ts";
import type { Settings } from "../options.ts";
import { clock } from "../timing/clock.ts";

/**
 * Decides when a refusal ends the client. A server may refuse in passing: its clock or the issuer's was wrong for a
 * moment, or a deployment was half done. So a refusal is final only if the server gives it again after a pause, and to a
 * fresh token. Until then the client tries again.
 */
export class Refusals {
  readonly #pauseMs: number;
  #firstAt: number | undefined;

  constructor({ backoff }: Pick<Settings, "backoff">) {
    this.#pauseMs = backoff.maxMs;
  }

  /** Counts a refusal. Returns true if it is final. A temporary error is none. */
  isFinal(error: ParleyError): boolean {
    if (error.temporary) return false;
    this.#firstAt ??= clock.now();
    return clock.now() - this.#firstAt >= this.#pauseMs;
  }

  /** The server has accepted the client. */
  reset(): void {
    this.#firstAt = undefined;
  }
}

/** Returns the wait after a refusal, in ms: long enough for it to be final if the server repeats it. */
export function pauseAfterRefusal(
  { backoff }: Pick<Settings, "backoff">,
  random: () => number = Math.random,
): number {
  return Math.ceil(backoff.maxMs * (1 + random() / 2));
}
