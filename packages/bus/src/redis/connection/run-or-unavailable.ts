import { ChatError } from "@parley/models";
import type { Redis } from "ioredis";
import { RefusedError, reasonOf, unavailable } from "../errors.ts";
import type { Link } from "./link.ts";

/**
 * Runs `work` on the link's connection. Every failure, even an error that Redis answered, becomes `unavailable` with
 * the reason as its cause. For callers that treat all failures alike.
 */
export async function runOrUnavailable<T>(link: Link, work: (client: Redis) => Promise<T>): Promise<T> {
  try {
    return await link.run(work);
  } catch (error) {
    throw error instanceof RefusedError ? unavailable(error.message) : error;
  }
}

/** Returns why `runOrUnavailable` failed, as text for an operator. */
export function failureReason(error: unknown): string {
  return error instanceof ChatError ? error.reason : reasonOf(error);
}
