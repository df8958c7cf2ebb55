import { AuthError } from "@parley/auth";
import { ChatError } from "@parley/models";

/** Time after which a client may retry a temporary error, in ms (P55). */
export const RETRY_AFTER_MS = 1_000;

/** Converts any failure to the error that the client gets. Unknown failures become `internal`, without their text. */
export function toChatError(error: unknown): ChatError {
  if (error instanceof AuthError) return fromCode(error.code, error.retryAfterMs);
  if (!(error instanceof ChatError)) return new ChatError("internal", { cause: error });
  // The store and the log report `unavailable` without a time to retry. This process sets the time (P55), and replaces
  // the text, which is for operators.
  return isUnnamed(error) ? fromCode("unavailable", undefined) : error;
}

/** True for `unavailable` without a time to retry, which the store and the log report. */
export function isUnnamed(error: unknown): boolean {
  return error instanceof ChatError && error.code === "unavailable" && error.retryAfterMs === undefined;
}

/** A temporary error that asks the client to retry after a second (P55). */
export function unavailable(message: string): ChatError {
  return new ChatError("unavailable", { message, retryAfterMs: RETRY_AFTER_MS });
}

/** The error for a user who has read too much. */
export function tooFast(retryAfterMs: number): ChatError {
  return new ChatError("rate_limited", {
    message: "You are reading history too fast. Retry later.",
    retryAfterMs,
  });
}

/**
 * Returns the reason of a failure, for operators. For a driver's error this is only the name, because the text may
 * quote messages.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof ChatError) return error.reason;
  return error instanceof Error ? error.name : "unknown";
}

function fromCode(code: AuthError["code"], retryAfterMs: number | undefined): ChatError {
  if (code === "unavailable") return unavailable("This request can't be answered now. Retry later.");
  return new ChatError(code, { retryAfterMs });
}
