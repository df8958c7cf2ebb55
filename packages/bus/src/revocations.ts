import type { Revocation, RevocationEntry } from "@parley/models";

/**
 * The revocations beside the log (P65, L26). Every process that checks tokens uses this role. What a process knows is
 * at most a second old while it reaches the log.
 */
export interface Revocations {
  /** Returns what is revoked of a user now, as far as this process knows. Undefined if nothing is. */
  of(user: string): Revocation | undefined;
  /** Returns false if the log wasn't reached for some seconds, so that `of` may be out of date. */
  isCurrent(): boolean;
  /** Asks the log, so that `of` is current. Rejects with `unavailable` if the log can't be read. */
  refresh(): Promise<void>;
  /** Calls `listener` whenever this process has learned of a change. It must not throw. */
  onChange(listener: () => void): void;
  /**
   * Revokes the tokens that a user got before a time, blocks the user until a time, or both. Of two times the later one
   * counts. Resolves with what is revoked of the user then, once that is durable.
   *
   * Rejects with `revocations_full` if there is no room, and with `unavailable` if the outcome is unknown. It may be called
   * again with the same times.
   */
  revoke(revocation: Revocation): Promise<Revocation | undefined>;
  /**
   * Deletes what is revoked of a user: the block, the revocation of tokens, or both. Resolves with what is left. Rejects
   * with `unavailable` if the outcome is unknown.
   */
  allow(user: string, kinds: readonly RevocationEntry["kind"][]): Promise<Revocation | undefined>;
  /** Returns what is revoked now, ordered by user. Rejects with `unavailable` if the log can't be read. */
  list(): Promise<readonly Revocation[]>;
  /** Returns all entries that this process knows, with those that were deleted, for the store. */
  entries(): readonly RevocationEntry[];
}

/** The times and kinds of a revocation, as changes of entries. */
export function changesOf({
  user,
  issuedBefore,
  until,
}: Revocation): { readonly kind: RevocationEntry["kind"]; readonly user: string; readonly value: number }[] {
  return [
    ...(issuedBefore === undefined ? [] : [{ kind: "tokens" as const, user, value: issuedBefore }]),
    ...(until === undefined ? [] : [{ kind: "user" as const, user, value: until }]),
  ];
}
