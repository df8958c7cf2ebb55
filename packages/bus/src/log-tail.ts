import type { LogMessage } from "@parley/models";

/** Reads what may not be in the store yet. history-api's role. */
export interface LogTail {
  /** The log's end: the last id given out, at the time of the call. Rejects with `unavailable`. */
  position(): Promise<string>;
  /** Everything up to here is stored (L12). Rejects with `unavailable`. */
  watermark(): Promise<string>;
  /**
   * What follows `after` in the log, in its order, at most a batch. Waits up to about a second for something to
   * come. Rejects with `unavailable`, and when `signal` is aborted.
   */
  read(after: string, signal: AbortSignal): Promise<TailRead>;
  /** What keeps it from reading at this moment, in words for an operator, or undefined. */
  problem(): string | undefined;
}

export type TailRead =
  /**
   * Everything after `after` and up to `position` is in `messages`, or in the store by the time of this answer.
   * `position` may be `after` itself, when nothing came.
   */
  | { readonly kind: "read"; readonly messages: readonly LogMessage[]; readonly position: string }
  /** The log no longer has what follows `after`: trimmed, or replaced (L3, L21). Start again at the watermark. */
  | { readonly kind: "lost" };
