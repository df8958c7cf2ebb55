import { GROUP, namesOf } from "../format/keys.ts";

/** The names of an installation in database 0 without a namespace, for tests that look into Redis. */
export const names = namesOf({ db: 0 });
export const { log: LOG, meta: META, refs: REFS, deadLetters: DEAD_LETTERS } = names;
export const {
  backlogShares: BACKLOG_SHARES,
  refsShares: REFS_SHARES,
  publicChannel: PUBLIC_CHANNEL,
} = names;
export const { userChannel } = names;
export { GROUP };
