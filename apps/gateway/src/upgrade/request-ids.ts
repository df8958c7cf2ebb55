import { randomUUID } from "node:crypto";

/** Ids for requests and the connections they become: short, and different over processes and restarts. */
export function createRequestIds(): () => string {
  const prefix = randomUUID().slice(0, 8);
  let last = 0;
  return () => {
    last += 1;
    return `${prefix}-${last.toString(36)}`;
  };
}
