/** The consumer group of the persisters. It is part of the log, so it has the same name in every installation. */
export const GROUP = "persisters";

/** The names of an installation's keys in Redis. They have the same hash tag, so one script may use several (L5). */
export interface KeyNames {
  /** The hash tag with which every name begins, such as `{parley}`. */
  readonly tag: string;
  /** The log, a stream. See entry.ts for the fields of an entry. */
  readonly log: string;
  /**
   * The log's metadata, a hash:
   *
   * - `epoch`: a random name of the log. A different epoch means that the log was replaced (L3).
   * - `trimmed`: the stream id up to which the log has no entries. In a new log, all ids are greater than this one.
   * - `entries`, `bytes`: the totals of everything that was ever appended.
   * - `storedEntries`, `storedBytes`: the totals up to the watermark, as last computed (L7).
   * - `store`: the name of the store in which the persisters store the log. It proves whose log this is (L38).
   * - `revocations`: the version of the hash of revocations (L26).
   * - `last`: the last id that the append script has assigned. The stream may be ahead of it (L1).
   */
  readonly meta: string;
  /** The refs that the log remembers (L5): a hash with the state, then three hashes of refs. See lua/include/refs.lua. */
  readonly refs: readonly string[];
  /**
   * A hash that counts each sender's entries and bytes in the backlog while the backlog is at least half full (L7). See
   * lua/include/shares.lua.
   */
  readonly backlogShares: string;
  /** A hash that counts each sender's refs in the same way (L5). */
  readonly refsShares: string;
  /** The revocations, a hash with up to two fields for each revoked or blocked user (L26). See lua/include/revocations.lua. */
  readonly revocations: string;
  /** The dead letters, a stream of entries that aren't messages (L10). */
  readonly deadLetters: string;
  /** Read marks that aren't stored yet (L27), a hash. A field is `user:other`, and its value a stream id. */
  readonly marks: string;
  /** A hash that counts each user's read marks while the hash of marks is at least half full (L27). */
  readonly marksShares: string;
}

/** Names under which the installation's log may still be, from the time before it got its present names (L38). */
export interface FormerNames extends KeyNames {
  /** True if nobody else can have these names. Otherwise `store` of META must prove whose log it is. */
  readonly isCertain: boolean;
}

/** All names of an installation in Redis. */
export interface Names extends KeyNames {
  /** The channel on which public messages are published. */
  readonly publicChannel: string;
  /** The channel on which private messages from and to one user are published. */
  userChannel(user: string): string;
  /** The channel on which a gateway receives its own markers (L15). */
  markerChannel(gateway: string): string;
  /** The channel on which read marks for one user's connections are published (L27). */
  marksChannel(user: string): string;
  /** Holds the text that a log leaves in its former place, for a moment, before it gets there. */
  readonly notice: string;
  readonly former: readonly FormerNames[];
}

/** An installation's place in Redis: the number of the database, and the namespace if there is one. */
export interface Place {
  readonly db: number;
  readonly namespace?: string | undefined;
}

/**
 * Returns the names of an installation (L38). Channels know no database, so the names contain it: otherwise the
 * installations in `/0` and `/1` of one Redis would hear each other. Database 0 without a namespace has the names that
 * every earlier version had.
 */
export function namesOf({ db, namespace }: Place): Names {
  const keys = keysOf(tagOf({ db, namespace }));
  const { tag } = keys;
  return {
    ...keys,
    publicChannel: `${tag}:public`,
    userChannel: (user) => `${tag}:user:${user}`,
    markerChannel: (gateway) => `${tag}:marker:${gateway}`,
    marksChannel: (user) => `${tag}:marks:${user}`,
    notice: `${tag}:notice`,
    former: formerTags({ db, namespace }).map(([former, isCertain]) => ({ ...keysOf(former), isCertain })),
  };
}

/** A database has no slash and a namespace no colon, so two places never have the same tag. */
function tagOf({ db, namespace }: Place): string {
  return `{parley${db === 0 ? "" : `/${db}`}${namespace === undefined ? "" : `:${namespace}`}}`;
}

/**
 * An earlier version had the same names in every database. In a database other than 0 this version has them nowhere,
 * so without a namespace they are this installation's own. With one, they may be those of a neighbour.
 */
function formerTags({ db, namespace }: Place): [tag: string, isCertain: boolean][] {
  const earliest = tagOf({ db: 0 });
  if (namespace === undefined) return db === 0 ? [] : [[earliest, true]];
  const withoutNamespace = tagOf({ db });
  return [...new Set([withoutNamespace, earliest])].map((tag) => [tag, false]);
}

function keysOf(tag: string): KeyNames {
  return {
    tag,
    log: `${tag}:log`,
    meta: `${tag}:meta`,
    refs: ["state", "0", "1", "2"].map((name) => `${tag}:refs:${name}`),
    backlogShares: `${tag}:shares:backlog`,
    refsShares: `${tag}:shares:refs`,
    revocations: `${tag}:revocations`,
    deadLetters: `${tag}:dead-letters`,
    marks: `${tag}:marks`,
    marksShares: `${tag}:shares:marks`,
  };
}
