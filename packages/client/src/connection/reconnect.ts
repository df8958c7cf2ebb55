import type { ParleyError } from "../errors.ts";
import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";

/** How a connection ended. */
export interface Ending {
  /** The WebSocket close code; 1006 stands for a link that broke or never was. */
  readonly code: number;
  /** How long it was of use, in ms; 0 where `ready` never came. */
  readonly readyForMs: number;
  /** The server had announced it with `reconnect`, at a time that it had spread by itself (P40). */
  readonly announced?: boolean;
  /** Why it never was, where that could be learned. */
  readonly error?: ParleyError;
}

/** A connection that lasted this long, in ms, was a good one: the next failure is a first one. */
const GOOD_MS = 5_000;
/** A server that ends a token sooner, in ms, is not asked again at once. */
const SHORT_MS = 1_000;

/** How many failures in a row there have been after this ending. */
export function failuresAfter(ending: Ending, before: number): number {
  return ending.readyForMs >= GOOD_MS ? 0 : before + 1;
}

/** Whether and when to connect again, by how the last connection ended (P40). `failures` counts those in a row. */
export function reconnectIn(
  ending: Ending,
  failures: number,
  settings: Pick<Settings, "backoff">,
  random: () => number = Math.random,
): { readonly again: false } | { readonly again: true; readonly afterMs: number } {
  const { code } = ending;
  if (code >= 4500 && code <= 4999) return { again: false };
  if (ending.announced && (code === 1012 || code === 1001)) return { again: true, afterMs: 0 };
  // An ended token needs nothing but a fresh one; an overloaded server needs some peace.
  if (code === 4001 && ending.readyForMs >= SHORT_MS) return { again: true, afterMs: 0 };
  const afterMs = backoff(code === 1013 ? failures + 3 : failures, settings.backoff, random);
  return { again: true, afterMs: afterMs + (ending.error?.retryAfterMs ?? 0) };
}
