/**
 * The reason for a failure. Either a code of the server (docs/protocol.md, "Error codes"), or one of the SDK's own:
 *
 * - `closed`: the client is closed, or was closed before the call finished.
 * - `not_sent`: the send or change reached its deadline or was aborted, and the server doesn't have it.
 * - `outcome_unknown`: the same, but the answer to an attempt was lost, so the server may have it.
 * - `queue_full`: `maxPendingSends` sends, or as many changes, are pending already.
 * - `aborted`: the call's `signal` was aborted.
 * - `unreachable`: no answer came in time, or the answer isn't Parley's.
 * - `token_failed`: `token()` threw, took longer than `requestTimeoutMs`, or returned something that isn't a token.
 * - `not_supported`: the server is of an earlier version, which has no edits and deletions.
 * - `refused`: the server closed the connection with a code that forbids reconnecting (4500 to 4999, P40).
 * - `invalid_option`: `connect` was called with an option that can never work.
 */
export type ClientErrorCode =
  | "closed"
  | "not_sent"
  | "outcome_unknown"
  | "queue_full"
  | "aborted"
  | "unreachable"
  | "token_failed"
  | "not_supported"
  | "refused"
  | "invalid_option"
  | (string & {});

interface ErrorDetails {
  readonly temporary?: boolean;
  readonly mayHaveGoneThrough?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The error of every rejected promise of the SDK, and of the states that have an `error`. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  /** The reason, for programs. `message` is for people and may change. */
  readonly code: ClientErrorCode;
  /** True if the same call may succeed later. */
  readonly temporary: boolean;
  /** The wait before the next attempt that the server asked for, in ms. Undefined if it asked for none. */
  readonly retryAfterMs: number | undefined;
  /** True for a send or a change that may have reached the log, although the call rejected. */
  readonly mayHaveGoneThrough: boolean;

  constructor(code: ClientErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.temporary = details.temporary ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.mayHaveGoneThrough = details.mayHaveGoneThrough ?? false;
  }
}

/**
 * Returns the error of a call on a client that is closed. If an error closed the client, it is the cause, and the message
 * names it.
 */
export function closedError(cause: ParleyError | undefined, details: ErrorDetails = {}): ParleyError {
  const message = cause ? `The client is closed: ${cause.message} (${cause.code})` : "The client is closed.";
  return new ParleyError("closed", message, { ...details, cause });
}

/** Returns a ParleyError as it is. Any other error comes from the platform's network and becomes `unreachable`. */
export function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  return new ParleyError("unreachable", "The server cannot be reached.", { temporary: true, cause: error });
}
