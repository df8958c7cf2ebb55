import type { LogEntry } from "@parley/models";
import type { LogState } from "./log-state.ts";

/** Reads the newest entries in the log, which may not be stored yet. The history-api uses this role. */
export interface LogTail {
  /** Returns the last id in the log, read after the call began. Rejects with `unavailable` if that fails. */
  position(): Promise<string>;
  /** Returns the watermark: everything up to this id is stored (L12). Rejects with `unavailable` if that fails. */
  watermark(): Promise<string>;
  /** Returns the log's state, whether a persister runs or not. Rejects with `unavailable` if that fails. */
  state(): Promise<LogState>;
  /**
   * Returns the messages and changes after the id `after`, in log order, at most one batch. If there are none, waits up
   * to about a second for a new one. Rejects with `unavailable` if the log can't be read, or with the signal's reason once
   * `signal` is aborted.
   */
  read(after: string, signal: AbortSignal): Promise<TailRead>;
  /** Returns why the log can't be read now, as text for an operator, or undefined if it can. */
  problem(): string | undefined;
}

/** An entry that a later version wrote. */
export interface UnknownEntry {
  /** The entry's position in the log, in the log's own notation. */
  readonly position: string;
  readonly version: string;
  /** The kind of entry, if it names one. */
  readonly what?: string;
}

/** The result of one `read`. */
export type TailRead =
  /**
   * Each message and change after `after` and up to `position` is in `entries`, or was stored before this read returned.
   * `position` equals `after` if the log has nothing after it.
   */
  | {
      readonly kind: "read";
      readonly entries: readonly LogEntry[];
      readonly position: string;
      /**
       * Names the next entry after `position` if a later version wrote it and this one can't read it (L10). A reader
       * must not go past it: whoever gets the cursor behind it never gets the entry. Then `read` doesn't wait.
       */
      readonly unknown?: UnknownEntry;
    }
  /**
   * The log no longer has all entries after `after`: some were trimmed (L21), or the log was replaced (L3). The reader
   * starts again at the watermark.
   */
  | { readonly kind: "lost" };
