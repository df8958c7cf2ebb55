import { ChatError } from "@parley/models";

/** Errors of a server that can't serve as the master: it became a replica, or hasn't loaded its data yet. */
export const NOT_SERVING = /^(READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b/;

/** An error that Redis answered to a command. Unlike ioredis' own error, it doesn't contain the command. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/**
 * A connection to Redis works but can't be used, because something other than Redis failed. The message is a complete
 * problem for an operator.
 */
export class BlockedError extends Error {
  override readonly name = "BlockedError";
}

/** Returns true if this error is Redis' answer to a command. Then the connection still works. */
export function isRefusal(error: unknown): boolean {
  return error instanceof RefusedError || (error instanceof Error && error.name === "ReplyError");
}

/** Creates an `unavailable` error. `problem` is text for an operator and must not hold message content. */
export function unavailable(problem: string): ChatError {
  return new ChatError("unavailable", { cause: new Error(problem) });
}

/**
 * Returns the reason of an error as text. Use only this text, never the error itself: an ioredis error also contains
 * the command with its arguments, and so message content. Such an error must never reach a log, an event or the cause
 * of another error.
 */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) || error.name : "unknown error";
}
