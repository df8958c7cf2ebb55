import { readFileSync } from "node:fs";

/** Files that are no client's connection: the log's and the store's connections, the admin port, data, logs. */
const RESERVE = 128;
/** Where the limit cannot be read: the smallest that systems commonly give. */
const FALLBACK = 1_024;
/** What "unlimited" means here. */
const CEILING = 1_000_000;

/** How many connections this process's open-file limit leaves room for. At least half of a very small limit. */
export function connectionsAllowed(limit: number = openFileLimit()): number {
  return Math.max(limit - RESERVE, Math.floor(limit / 2), 1);
}

/** The soft limit of this process, which Node raises to the hard one when it starts. */
export function openFileLimit(read: () => string = readLimits): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(read()) ?? [];
    if (soft === "unlimited") return CEILING;
    return soft === undefined ? FALLBACK : Math.min(Number(soft), CEILING);
  } catch {
    // There is no such file outside Linux.
    return FALLBACK;
  }
}

function readLimits(): string {
  return readFileSync("/proc/self/limits", "utf8");
}
