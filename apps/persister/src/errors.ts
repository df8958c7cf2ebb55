import { ChatError, ERRORS } from "@parley/models";

/** Whether the other side was away: anything may have happened, and trying again with the same messages is right. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof ChatError && error.code === "unavailable";
}

/** Words for an operator. A driver's own text may quote what it could not store, so only its name and code count. */
export function reasonOf(error: unknown): string {
  if (error instanceof ChatError)
    return error.message === ERRORS[error.code].message ? error.code : error.message;
  if (!(error instanceof Error)) return "unknown";
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" || typeof code === "number" ? `${error.name} ${code}` : error.name;
}
