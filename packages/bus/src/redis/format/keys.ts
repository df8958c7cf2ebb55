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
 * What is remembered of refs (L5): which of the three has its turn, and since when, a hash; then the three, hashes from
 * a digest of `(conversation, from, ref)` to a digest of the content and the id.
 */
export const REFS = ["state", "0", "1", "2"].map((name) => `${TAG}:refs:${name}`);
/** Entries that are no messages, a stream (L10). */
export const DEAD_LETTERS = `${TAG}:dead-letters`;

/** Live messages for everybody. */
export const PUBLIC_CHANNEL = `${TAG}:public`;
/** Live messages for one user. */
export const userChannel = (user: string): string => `${TAG}:user:${user}`;
/** Where a gateway hears its own markers (L15). */
export const markerChannel = (gateway: string): string => `${TAG}:marker:${gateway}`;
