/** Why something did not work: the server's code (P30, P55), or one of the SDK's own, which are listed here. */
export type ClientErrorCode =
  | "closed" // the client was closed
  | "not_sent" // the deadline passed, or the send was aborted, and the message is not there
  | "outcome_unknown" // the same where an answer was lost: it may have gone through
  | "queue_full" // too many sends wait
  | "aborted" // the application gave a request up
  | "unreachable" // the server cannot be reached or does not answer in its terms
  | "token_failed" // `token()` failed, took too long or gave no token
  | "refused" // the server closed with a code that means: do not come back (P40)
  | "invalid_option" // thrown by `connect`
  | (string & {});

interface ErrorDetails {
  readonly temporary?: boolean;
  readonly mayHaveGoneThrough?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ClientErrorCode;
  /** Whether the same thing may succeed later. */
  readonly temporary: boolean;
  /** When it may, in ms, where the server said so. */
  readonly retryAfterMs: number | undefined;
  /** For a send: whether the message may have gone through all the same. */
  readonly mayHaveGoneThrough: boolean;

  constructor(code: ClientErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.temporary = details.temporary ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.mayHaveGoneThrough = details.mayHaveGoneThrough ?? false;
  }
}

/** An error as a ParleyError; whatever is none came from the platform's network. */
export function asParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  return new ParleyError("unreachable", "The server cannot be reached.", { temporary: true, cause: error });
}
