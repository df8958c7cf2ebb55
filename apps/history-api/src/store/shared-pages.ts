import { raceAbort } from "@parley/async";
import type { StoredMessage } from "@parley/models";
import type { TailSnapshot } from "../log-tail/log-follower.ts";

/** The messages of the store that a page needs, and the snapshot of the tail that was taken for the page. */
export interface SharedPage {
  readonly tail: Pick<TailSnapshot, "since" | "position">;
  /** Conversation and range. Equal ones have equal JSON. */
  readonly query: Readonly<Record<string, unknown>>;
}

type Read = (signal: AbortSignal) => Promise<readonly StoredMessage[]>;

/** A read in progress. */
interface SharedRead {
  readonly result: Promise<readonly StoredMessage[]>;
  readonly abandoned: AbortController;
  /** Number of requests that wait for it. */
  waiting: number;
}

/**
 * Reads of pages that requests share while they are in progress. After a failure many clients open the same room at
 * once, and the store reads its newest page for all of them together (G5).
 *
 * Requests share a read only if their snapshots have the same `since` and `position`. Then the snapshots are equal: both
 * have each entry between the two (recent-messages.ts). So a message that isn't in the later snapshot wasn't in the earlier
 * one either, after which the read began, and the read has the message (merge.ts, step 3). A read that has ended is never
 * used again.
 */
export class SharedPages {
  readonly #reads = new Map<string, SharedRead>();

  /**
   * Returns the result of `read`, or of an equal one in progress. Rejects with the signal's reason once `signal` is aborted.
   * The read itself is aborted once nobody waits for it.
   */
  async read(
    { tail, query }: SharedPage,
    read: Read,
    signal: AbortSignal,
  ): Promise<readonly StoredMessage[]> {
    signal.throwIfAborted();
    const key = JSON.stringify([tail.since, tail.position, query]);
    const shared = this.#reads.get(key) ?? this.#begin(key, read);
    shared.waiting += 1;
    try {
      return await raceAbort(shared.result, signal);
    } finally {
      shared.waiting -= 1;
      if (shared.waiting === 0 && this.#end(key, shared)) shared.abandoned.abort(signal.reason);
    }
  }

  #begin(key: string, read: Read): SharedRead {
    const abandoned = new AbortController();
    const result = read(abandoned.signal).finally(() => this.#end(key, shared));
    const shared: SharedRead = { result, abandoned, waiting: 0 };
    this.#reads.set(key, shared);
    return shared;
  }

  /** Lets nobody join a read any more. Returns false if that was so already. */
  #end(key: string, shared: SharedRead): boolean {
    return this.#reads.get(key) === shared && this.#reads.delete(key);
  }
}
