import { ChatError } from "@parley/models";

const RETRY_AFTER_MS = 1_000;

/** A client without a connection has no other sign of when to try again, so each temporary error names a time. */
export function withRetryTime(error: ChatError): ChatError {
  if (!error.temporary || error.retryAfterMs !== undefined) return error;
  const { code, message, cause } = error;
  return new ChatError(code, { message, cause, retryAfterMs: RETRY_AFTER_MS });
}
