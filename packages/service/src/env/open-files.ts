import { readFileSync } from "node:fs";

/** File descriptors kept for everything but clients: connections to log and store, the admin port, data, logs. */
const RESERVE = 128;
/**
 * File descriptors of `RESERVE` that clients' sockets never use: about 20 for Node itself, 25 for log and store, 32
 * for the admin port, and some for files. The remaining 32 let a gateway with all its connections still answer
 * requests.
 */
const OWN_RESERVE = 96;
/** A network of many users behind one address needs at most about this many at the same time. */
const MAX_PER_ADDRESS = 1_000;
/** Used if the limit can't be read: the smallest common default. */
const FALLBACK = 1_024;
/** Used for "unlimited", and as the maximum. */
const CEILING = 1_000_000;

/** Returns the number of client connections that the open-file limit permits: at least half of a very small limit. */
export function maxConnectionsFor(limit: number = openFileLimit()): number {
  return Math.max(limit - RESERVE, Math.floor(limit / 2), 1);
}

/**
 * Returns the number of accepted client sockets that the open-file limit permits. It is higher than the number of
 * connections, because plain requests need sockets too.
 */
export function maxSocketsFor(limit: number = openFileLimit()): number {
  return Math.max(limit - OWN_RESERVE, Math.floor(limit / 2), 1);
}

/** Returns the number of accepted sockets, other than WebSockets, that one client address may hold. */
export function maxSocketsPerAddressFor(limit: number = openFileLimit()): number {
  return Math.min(MAX_PER_ADDRESS, Math.max(Math.floor(maxSocketsFor(limit) / 4), 1));
}

/** Returns the process's soft open-file limit. Node raises it to the hard limit at startup. */
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
