import { AuthError } from "@parley/auth";
import { ChatError, ERRORS } from "@parley/models";

const RETRY_AFTER_MS = 1_000;

/** A failure as a client is told of it. One that is not known by a code is ours, and its text is not for clients. */
export function chatErrorOf(error: unknown): ChatError {
  if (error instanceof AuthError) return coded(error.code, error.retryAfterMs);
  if (!(error instanceof ChatError)) return new ChatError("internal", { cause: error });
  // A store or a log says that it cannot answer; when to come back is for this process to say (P55).
  if (error.code === "unavailable") return coded("unavailable", error.retryAfterMs);
  return error;
}

export function unavailable(message: string): ChatError {
  return new ChatError("unavailable", { message, retryAfterMs: RETRY_AFTER_MS });
}

/** Words for an operator. A driver's own text may quote what it read, so only its name counts. */
export function reasonOf(error: unknown): string {
  if (error instanceof ChatError)
    return error.message === ERRORS[error.code].message ? error.code : error.message;
  return error instanceof Error ? error.name : "unknown";
}

function coded(code: AuthError["code"], retryAfterMs: number | undefined): ChatError {
  if (code === "unavailable") return unavailable("This cannot be answered now.");
  return new ChatError(code, retryAfterMs === undefined ? {} : { retryAfterMs });
}
