import { ChatError } from "@parley/models";

/** It became a replica, or has not read its data yet. */
export const ELSEWHERE = /^(READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b/;

/** An error that Redis answered, without the command that it answered. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Whether Redis answered this error, so that its connection is in order. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refused || (error instanceof Error && error.name === "ReplyError");
}

/** `unavailable`, with words for an operator that hold no content. */
export function unavailable(problem: string): ChatError {
  return new ChatError("unavailable", { cause: new Error(problem) });
}

/**
 * What went wrong, in words. An error of ioredis itself carries the command with its arguments, that is contents:
 * it must never reach a log, an event or another error's cause.
 */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) || error.name : "unknown error";
}
