/** The hash tag of all keys and channels in Redis. Because they share it, one script may use all of them (L5). */
const TAG = "{parley}";

/** The log, a stream. See entry.ts for the fields of an entry. */
export const LOG = `${TAG}:log`;
/** The consumer group of the persisters. */
export const GROUP = "persisters";
/**
 * The log's metadata, a hash:
 *
 * - `epoch`: a random name of the log. A different epoch means that the log was replaced (L3).
 * - `trimmed`: the stream id up to which the log has no entries. In a new log, all ids are greater than this one.
 * - `entries`, `bytes`: the totals of everything that was ever appended.
 * - `storedEntries`, `storedBytes`: the totals up to the watermark, as last computed (L7).
 */
export const META = `${TAG}:meta`;
/** The refs that the log remembers (L5): a hash with the state, then three hashes of refs. See lua/include/refs.lua. */
export const REFS = ["state", "0", "1", "2"].map((name) => `${TAG}:refs:${name}`);
/**
 * A hash that counts each sender's entries and bytes in the backlog while the backlog is at least half full (L7). See
 * lua/include/shares.lua.
 */
export const BACKLOG_SHARES = `${TAG}:shares:backlog`;
/** A hash that counts each sender's refs in the same way (L5). */
export const REFS_SHARES = `${TAG}:shares:refs`;
/** The dead letters, a stream of entries that aren't messages (L10). */
export const DEAD_LETTERS = `${TAG}:dead-letters`;

/** The channel on which public messages are published. */
export const PUBLIC_CHANNEL = `${TAG}:public`;
/** The channel on which private messages from and to one user are published. */
export const userChannel = (user: string): string => `${TAG}:user:${user}`;
/** The channel on which a gateway receives its own markers (L15). */
export const markerChannel = (gateway: string): string => `${TAG}:marker:${gateway}`;
