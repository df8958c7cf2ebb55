import { ChatError } from "@parley/models";
import { StoreUnavailable } from "@parley/store";

/**
 * True if the log or the store was unavailable. The outcome is unknown then, and the same messages can be retried.
 */
export function isUnavailable(error: unknown): boolean {
  return error instanceof ChatError && error.code === "unavailable";
}

/** True unless the store has another problem than its speed: no connection, or an error. */
export function isTooSlow(error: unknown): boolean {
  return !(error instanceof StoreUnavailable) || error.problem === "slow";
}

/**
 * Returns the reason of a failure, for operators. For a driver's error this is only the name and code, because the
 * text may quote a message.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof ChatError) return error.reason;
  if (!(error instanceof Error)) return "unknown";
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" || typeof code === "number" ? `${error.name} ${code}` : error.name;
}
