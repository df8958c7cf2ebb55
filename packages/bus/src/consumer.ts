import type { LogMessage } from "@parley/models";

/** Takes what is in the log to the store. A persister's role; several share the work. */
export interface Consumer {
  /**
   * Whether the senders of what is consumed have had their acks. Then every message must be kept, whatever else is
   * found in the store; otherwise a sender can still be told (`ref_reused`).
   */
  readonly acknowledged: boolean;
  /**
   * The next messages that no other consumer is at work on, in log order, at least one and at most a batch: new
   * ones, ones that failed before, and what a dead or frozen consumer held. Empty only when `signal` is aborted.
   * What cannot be decoded goes to the dead letters on the way; a format newer than this reader stays for one that
   * knows it (L10). Rides out an absent log by itself; rejects only when `signal` is aborted.
   */
  next(signal: AbortSignal): Promise<readonly Consumed[]>;
  /**
   * Says what became of messages that `next` gave. Anything but `failed` lets the log forget the message in time
   * (L13); `failed` has it given out again later. Rejects with `unavailable` when the log could not be told: the
   * same messages come again then, to this consumer or another.
   */
  settle(settled: readonly Settled[]): Promise<void>;
  /** Lets go of what is stored and older than the minimum age (L12), and says how the log stands. */
  trim(): Promise<LogState>;
  readonly deadLetters: DeadLetters;
  /** What keeps it from consuming at this moment, in words for an operator, or undefined. */
  problem(): string | undefined;
}

export interface Consumed {
  readonly message: LogMessage;
  /** How often it has been given out, this time included. Many means that it keeps failing. */
  readonly deliveries: number;
}

export interface Settled {
  readonly message: LogMessage;
  readonly outcome: Outcome;
}

/** L13. */
export type Outcome =
  /** The store has it: inserted, or there already with the same id and content. */
  | { readonly kind: "stored" }
  /** The store has it under another id: the same `(conversation, from, ref)` and content. */
  | { readonly kind: "duplicateOf"; readonly id: string }
  /** The ref stands for another content in the store. Only where `acknowledged` is false. */
  | { readonly kind: "refReused" }
  /** The id stands for another message in the store: it is appended again, under its ref and a new id. */
  | { readonly kind: "idConflict" }
  | { readonly kind: "failed"; readonly reason: string };

export interface LogState {
  /** The last id given out. */
  readonly end: string;
  /** Everything up to here is stored (L12). */
  readonly watermark: string;
  /** What lies after the watermark (L7). */
  readonly backlogEntries: number;
  readonly backlogBytes: number;
}

/** What was in the log and is no message. Kept until somebody decides. */
export interface DeadLetters {
  /** Oldest first, at most `limit`, after the id given. */
  list(options: { readonly after?: string; readonly limit: number }): Promise<readonly DeadLetter[]>;
  /** Appends it again as a message, where it can be decoded now. */
  replay(id: string): Promise<"replayed" | "undecodable" | "not_found">;
  drop(id: string): Promise<"dropped" | "not_found">;
}

export interface DeadLetter {
  /** Its own id among the dead letters. */
  readonly id: string;
  /** Its position in the log, as the log writes it. */
  readonly position: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
  /** The entry as it was found. */
  readonly fields: Readonly<Record<string, string>>;
}
