import { readFileSync } from "node:fs";

/** File descriptors kept for everything but clients: connections to log and store, the admin port, data, logs. */
const RESERVE = 128;
/**
 * The part of the reserve that clients' sockets never take: about 20 for Node itself, 25 for log and store, 32 for the
 * admin port, and some for files. The difference lets a full gateway still answer requests.
 */
const OWN_RESERVE = 96;
/** A network of many users behind one address needs at most about this many at the same time. */
const MAX_PER_ADDRESS = 1_000;
/** Used if the limit can't be read: the smallest common default. */
const FALLBACK = 1_024;
/** Used for "unlimited", and as the maximum. */
const CEILING = 1_000_000;

/** The number of client connections that the open-file limit leaves room for: at least half of a very small limit. */
export function maxConnectionsFor(limit: number = openFileLimit()): number {
  return Math.max(limit - RESERVE, Math.floor(limit / 2), 1);
}

/** The number of accepted client sockets that the open-file limit leaves room for: more than connections. */
export function maxSocketsFor(limit: number = openFileLimit()): number {
  return Math.max(limit - OWN_RESERVE, Math.floor(limit / 2), 1);
}

/** The number of accepted sockets, other than WebSockets, that one of many client addresses may hold. */
export function maxSocketsPerAddressFor(limit: number = openFileLimit()): number {
  return Math.min(MAX_PER_ADDRESS, Math.max(Math.floor(maxSocketsFor(limit) / 4), 1));
}

/** The process's soft open-file limit. Node raises it to the hard limit at startup. */
export function openFileLimit(read: () => string = readLimits): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(read()) ?? [];
    if (soft === "unlimited") return CEILING;
    return soft === undefined ? FALLBACK : Math.min(Number(soft), CEILING);
  } catch {
    // The file exists only on Linux.
    return FALLBACK;
  }
}

function readLimits(): string {
  return readFileSync("/proc/self/limits", "utf8");
}
