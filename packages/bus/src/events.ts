import type { UnknownEntry } from "./log-tail.ts";

/**
 * An event that an adapter reports to its app, which logs and counts it. Events never hold message content, tokens or
 * passwords. Durations are in ms.
 */
export type BusEvent =
  /** A role was requested, and its first connection is being opened. */
  | { readonly type: "connecting"; readonly role: string }
  /** The connection of a role came up or went down. */
  | { readonly type: "connection"; readonly role: string; readonly up: boolean; readonly reason?: string }
  /**
   * One call that sent `drafts` drafts to the log. `duplicates` of them were in the log already, `refused` of them got
   * an error, and the outcome of `unknown` of them isn't known. `refs` is the number of refs that the log remembers
   * (L5). It is undefined if the log didn't report the number.
   */
  | {
      readonly type: "append";
      readonly drafts: number;
      readonly ms: number;
      readonly duplicates: number;
      readonly refused: number;
      readonly unknown: number;
      readonly refs?: number;
    }
  /**
   * Drafts were refused although there was room, because their sender has used up its share. `of` names the bound: the
   * backlog (L7), the refs (L5), the queue of drafts that wait to be sent to the log (G5), or the read marks (L27).
   */
  | {
      readonly type: "over-share";
      readonly of: "backlog" | "refs" | "queue" | "marks";
      readonly drafts: number;
    }
  /** The live stream was interrupted, so `messages` messages that may be missing were read from the log (L14). */
  | { readonly type: "repair"; readonly messages: number; readonly ms: number }
  /** Messages missing from the live stream can't be read from the log any more. Clients are told to sync (L18). */
  | { readonly type: "gap"; readonly reason: "trimmed" | "replaced" }
  /** Entries were taken over from a consumer that is dead or frozen (L10). */
  | { readonly type: "claim"; readonly entries: number }
  /** An entry that can't be decoded was moved to the dead letters (L10). */
  | { readonly type: "dead-letter"; readonly position: string; readonly reason: string }
  /** An entry has a newer format than this process knows. The entry stays pending (L10). */
  | ({ readonly type: "newer-format" } & UnknownEntry)
  /** The store had another message under `id`, so the message was appended again under the id `again` (L13). */
  | { readonly type: "id-conflict"; readonly id: string; readonly again: string }
  /** A new log was created. Its ids are greater than `at` (L1). */
  | { readonly type: "log-created"; readonly at: string }
  /** The installation's log was found under former names, and has its present names now (L38). */
  | { readonly type: "log-moved"; readonly from: string; readonly to: string }
  /** The log was given another format, as the operator wants (L25). */
  | { readonly type: "log-format"; readonly from: string; readonly to: string }
  /** The log's end was below the store. The log counts as replaced and continues above the store (L1, L3). */
  | { readonly type: "log-raised" }
  /** The bounds of the log, once they apply: of its backlog (L7) and, if it remembers refs, of the refs (L5). */
  | {
      readonly type: "limits";
      readonly backlogEntries: number;
      readonly backlogBytes: number;
      readonly refs?: number;
    }
  /** The revocations were read: the number of their entries, and how many there may be (L26). */
  | { readonly type: "revocations"; readonly entries: number; readonly limit: number }
  /** The log had lost revocations that this process knew or the store has, and they were written back (L26). */
  | { readonly type: "revocations-restored"; readonly entries: number }
  /**
   * Read marks were raised. `full` of them were refused, because too many wait to be stored (L27). `unstored` marks wait
   * now.
   */
  | { readonly type: "marks"; readonly marks: number; readonly full: number; readonly unstored: number }
  /** Stored entries were removed from the log (L12). */
  | { readonly type: "trim"; readonly entries: number }
  /**
   * A condition that an operator should know about, for instance weak durability (L8). The adapter goes on working.
   */
  | { readonly type: "warning"; readonly text: string };

/** Receives an adapter's events. */
export type Observe = (event: BusEvent) => void;
