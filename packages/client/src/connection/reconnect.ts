import type { ParleyError } from "../errors.ts";
import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";
import { pauseAfterRefusal } from "./refusals.ts";

/** The end of one connection, or of one failed attempt to connect. */
export interface ConnectionEnd {
  /** The WebSocket close code. 1006 means that the link broke or was never established. */
  readonly code: number;
  /** The time between `ready` and the end, in ms. 0 if `ready` never came. */
  readonly readyForMs: number;
  /** True if the server announced the end with a `reconnect` frame. Such ends are already spread over time (P40). */
  readonly announced?: boolean;
  /** The reason why the connection couldn't be established, if it is known. */
  readonly error?: ParleyError;
}

export type ReconnectPlan =
  | { readonly reconnect: false }
  | { readonly reconnect: true; readonly afterMs: number };

/** A connection that was ready for at least this time was stable, so the backoff is reset. In ms. */
const STABLE_MS = 5_000;
/**
 * After a token expired, the client reconnects at once only if the connection was ready for this time, in ms.
 * Otherwise immediate reconnects could loop.
 */
const MIN_TOKEN_USE_MS = 1_000;
/** If the server is overloaded, the client waits as long as after this number of additional failures. */
const OVERLOAD_FAILURES = 3;

/** Returns the number of failures in a row after this end, given the number before it. */
export function countFailures(end: ConnectionEnd, before: number): number {
  return end.readyForMs >= STABLE_MS ? 0 : before + 1;
}

/** Decides from the last connection's end if and when to connect again (P40). `failures` counts failures in a row. */
export function planReconnect(
  end: ConnectionEnd,
  failures: number,
  settings: Pick<Settings, "backoff">,
  random: () => number = Math.random,
): ReconnectPlan {
  const { code } = end;
  if (code >= 4500 && code <= 4999) return { reconnect: false };
  // The server has spread its announced closes over time, so the client needn't wait. A server that announces one after the other
  // would otherwise cause a loop without pauses.
  if (end.announced && (code === 1012 || code === 1001) && failures <= 1)
    return { reconnect: true, afterMs: 0 };
  // After a token has expired, the next connection only needs a fresh token.
  if (code === 4001 && end.readyForMs >= MIN_TOKEN_USE_MS) return { reconnect: true, afterMs: 0 };
  if (end.error && !end.error.temporary) {
    return { reconnect: true, afterMs: pauseAfterRefusal(settings, random) };
  }
  const attempt = code === 1013 ? failures + OVERLOAD_FAILURES : failures;
  const afterMs = backoff(attempt, settings.backoff, random);
  return { reconnect: true, afterMs: afterMs + (end.error?.retryAfterMs ?? 0) };
}
