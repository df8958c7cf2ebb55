import type { LogEntry, RevocationEntry } from "@parley/models";
import type { LogState } from "./log-state.ts";

/** Facts about the store in which a consumer stores the log. Both functions reject if the store doesn't answer. */
export interface ConsumeOptions {
  /** Returns the store's greatest id, or ORIGIN if there is none. A new log starts above it (L1). */
  readonly lastStored: () => Promise<string>;
  /** Returns the name of the store, or "" if it has none. It proves that a log under other names is this one's (L38). */
  readonly storeName?: () => Promise<string>;
  /** Returns the store's revocations. They are in the log before anybody can use a new one (L26). */
  readonly revocations?: () => Promise<readonly RevocationEntry[]>;
}

/** Delivers the log's entries to a persister, which stores them. Several consumers divide the entries among them. */
export interface Consumer {
  /**
   * True if senders get their acks before their entries are consumed. Then every message must be stored, even if the
   * store has its ref with other content (L13). If false, senders get their results only from `settle`, so an outcome
   * such as `refReused` still reaches them.
   */
  readonly acknowledged: boolean;
  /**
   * Returns the next messages and changes that no other consumer works on, in log order. They are new, or they failed
   * before, or they are of a dead or frozen consumer. Waits until there is at least one entry, and returns at most one
   * batch, of at most `limit` entries. Returns an empty list only if `signal` is aborted.
   *
   * Entries that can't be decoded go to the dead letters. Entries of a newer format stay in the log for a consumer
   * that knows the format (L10). If the log is unavailable, `next` waits until the log is back. Rejects only if
   * `signal` is aborted.
   */
  next(signal: AbortSignal, limit?: number): Promise<readonly Consumed[]>;
  /**
   * Returns the given entries without those that another consumer has taken over, because nothing was settled for a
   * long time. Ask before an attempt to store is repeated, so that two consumers don't both repeat it. Never rejects:
   * if the log is unavailable, returns all of them, because a second attempt does no harm.
   */
  held(consumed: readonly Consumed[]): Promise<readonly Consumed[]>;
  /**
   * Reports the outcome of entries that `next` returned. After `failed`, the entry is delivered again later. After any
   * other outcome the log may drop the entry (L13, L28).
   *
   * Rejects with `unavailable` if the log didn't record the outcomes. Then the same entries are delivered again, to
   * this consumer or to another one.
   */
  settle(settled: readonly Settled[]): Promise<void>;
  /**
   * Returns the watermark: everything up to this id is stored (L12). Changes are judged by it (L28). Rejects with
   * `unavailable` if that fails.
   */
  watermark(): Promise<string>;
  /**
   * Removes entries from the log that are stored and older than the minimum age (L12), and returns the log's state.
   * Returns the state even while the store is away; then it may remove nothing. Rejects with `unavailable` if it fails.
   */
  trim(): Promise<LogState>;
  readonly deadLetters: DeadLetters;
  /** Returns why nothing can be consumed now, as text for an operator, or undefined if consuming works. */
  problem(): string | undefined;
}

/** An entry that `next` delivered: a message or a change. */
export interface Consumed {
  readonly entry: LogEntry;
  /** The number of deliveries, this one included. A large number means that storing the entry keeps failing. */
  readonly deliveries: number;
}

/** A delivered entry and its outcome. */
export interface Settled {
  readonly entry: LogEntry;
  readonly outcome: Outcome;
}

/** The outcome of storing one entry (L13). For a change it is `stored`, `orphan` or `failed` (L28). */
export type Outcome =
  /** The store has the entry: this attempt stored it, or it was there before with the same id and content. */
  | { readonly kind: "stored" }
  /** The store has the same `(conversation, from, ref)` and content under the id `id`. */
  | { readonly kind: "duplicateOf"; readonly id: string }
  /** The store has this ref with other content. Reported only if the consumer's `acknowledged` is false. */
  | { readonly kind: "refReused" }
  /** The store has another entry under this id. The entry is appended again, with its ref and a new id. */
  | { readonly kind: "idConflict" }
  /** The change is of a message that isn't in the store and can't come there any more. It changes nothing (L28). */
  | { readonly kind: "orphan" }
  /** The entry couldn't be stored. It is delivered again. */
  | { readonly kind: "failed"; readonly reason: string };

/** Log entries that can't be decoded, kept until an operator replays or drops them (L10). */
export interface DeadLetters {
  /** Lists dead letters after the id `after`, oldest first, at most `limit`. */
  list(options: { readonly after?: string; readonly limit: number }): Promise<readonly DeadLetter[]>;
  /**
   * Appends a dead letter to the log as a new entry of its kind, if it can be decoded now. Resolves with `not_enabled` if
   * the log's format is too low for it (L25).
   */
  replay(id: string): Promise<"replayed" | "undecodable" | "not_found" | "not_enabled">;
  /** Deletes a dead letter. */
  drop(id: string): Promise<"dropped" | "not_found">;
}

/** A log entry that can't be decoded. */
export interface DeadLetter {
  /** The dead letter's own id. */
  readonly id: string;
  /** The entry's position in the log, in the log's own notation. */
  readonly position: string;
  /** Why the entry can't be decoded. */
  readonly reason: string;
  /** When the entry was moved here, as ISO 8601. */
  readonly at: string;
  /** The entry's fields, unchanged. */
  readonly fields: Readonly<Record<string, string>>;
}
