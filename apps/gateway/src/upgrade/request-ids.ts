import { randomUUID } from "node:crypto";

/**
 * Returns a generator of ids for requests and for the connections they become. The ids are short, and a random prefix
 * makes them differ between processes and restarts.
 */
export function createRequestIds(): () => string {
  const prefix = randomUUID().slice(0, 8);
  let last = 0;
  return () => {
    last += 1;
    return `${prefix}-${last.toString(36)}`;
  };
}
