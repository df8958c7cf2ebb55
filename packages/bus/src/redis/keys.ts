/**
 * Every name that Parley uses in Redis (L5). One hash tag keeps them in one slot, so that a script may touch them
 * together.
 */
const TAG = "{parley}";

/** The log: one stream. Entry fields: see entry.ts. */
export const LOG = `${TAG}:log`;
/** The consumer group of the persisters. */
export const GROUP = "persisters";
/**
 * What the log says of itself, a hash:
 * - `epoch`: a random name given when the log is made; another one means that the log was replaced (L3)
 * - `trimmed`: stream id up to which nothing is in this log any more; at its making, the id it starts above
 * - `entries`, `bytes`: everything ever appended, counted
 * - `storedEntries`, `storedBytes`: the part of it at or before the watermark, as last computed (L7)
 */
export const META = `${TAG}:meta`;
/**
 * Counts of dedupe keys made, a hash (L5): by minute since 1970, and `total`, of the minutes that are counted still;
 * `pruned` is the minute in which the others were let go.
 */
export const DEDUPE_COUNTS = `${TAG}:dedupe-counts`;
/** Entries that are no messages, a stream (L10). */
export const DEAD_LETTERS = `${TAG}:dead-letters`;

/** The dedupe key of a ref; `digest` is of `(conversation, from, ref)`. */
export const dedupeKey = (digest: string): string => `${TAG}:ref:${digest}`;
/** Live messages for everybody. */
export const PUBLIC_CHANNEL = `${TAG}:public`;
/** Live messages for one user. */
export const userChannel = (user: string): string => `${TAG}:user:${user}`;
/** Where a gateway hears its own markers (L15). */
export const markerChannel = (gateway: string): string => `${TAG}:marker:${gateway}`;
