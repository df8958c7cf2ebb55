import { ChatError } from "@parley/models";
import type { Redis } from "ioredis";
import { Refused, reasonOf, unavailable } from "../errors.ts";
import type { Link } from "./link.ts";

/** `Link.run` for roles that have one answer to every failure: rejects with `unavailable` alone, the reason its cause. */
export async function ask<T>(link: Link, question: (client: Redis) => Promise<T>): Promise<T> {
  try {
    return await link.run(question);
  } catch (error) {
    throw error instanceof Refused ? unavailable(error.message) : error;
  }
}

/** Why an error of `ask` came, in words for an operator. */
export function problemOf(error: unknown): string {
  return reasonOf(error instanceof ChatError ? error.cause : error);
}
