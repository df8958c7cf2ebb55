import type { LogMessage, StoredMessage } from "@parley/models";
import { estimateAll, type Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import { conversationSource, type ReadStored } from "./conversation-source.ts";
import { Merge } from "./merge.ts";
import { readMergedPage } from "./merged-page.ts";
import type { RefLookup } from "./ref-lookup.ts";
import { FIRST_PART, PART } from "./sizes.ts";
import type { StepSize } from "./step-size.ts";

export interface ReaderDeps {
  readonly follower: Pick<LogFollower, "later">;
  readonly store: Pick<Store, "page" | "findByIds">;
  readonly refLookup: RefLookup;
  readonly stepSize: StepSize;
  readonly conversation: string;
  /** The tail up to the log's end. */
  readonly snapshot: TailSnapshot;
  /** The ids between which the whole answer lies. Both are exclusive. */
  readonly after: string;
  readonly before: string;
}

/**
 * Reads a whole conversation, or all of it between two ids, part by part (P50, P64). Between two parts it holds no messages and no tail, because the client
 * may take hours to read the first part (G5).
 *
 * Each part uses a new snapshot of the tail. No message is lost by that: a message up to the first snapshot's position
 * that isn't in the new snapshot has been stored by then (merge.ts).
 */
export class ConversationReader {
  readonly #deps: Omit<ReaderDeps, "snapshot" | "after">;
  readonly #position: string;
  readonly #merge: Merge;
  #tail: TailSnapshot | undefined;
  /** The next part begins after this id. Undefined once everything has been read. */
  #after: string | undefined;
  #limit = FIRST_PART;

  constructor({ snapshot, after, ...deps }: ReaderDeps) {
    this.#deps = deps;
    this.#after = after;
    this.#position = snapshot.position;
    this.#tail = snapshot;
    this.#merge = new Merge(snapshot.position, {
      first: (key) => this.#tail?.refs.first(key),
      last: (key) => this.#tail?.refs.last(key),
    });
  }

  get isDone(): boolean {
    return this.#after === undefined;
  }

  /** Returns the next messages, within the deadline of this part. A call that rejects may be repeated. */
  async next(deadline: Deadline): Promise<readonly StoredMessage[]> {
    if (this.#after === undefined) return [];
    const { follower, store, conversation, before, stepSize } = this.#deps;
    const tail = this.#tail ?? follower.later(this.#position, conversation);
    this.#tail = tail;
    const readStored: ReadStored = (range, signal) => store.page(conversation, { ...range, signal });
    const startedAt = performance.now();
    try {
      const { messages, next } = await readMergedPage(
        conversationSource({ ...this.#deps, readStored, tail, merge: this.#merge, deadline }),
        {
          after: this.#after,
          before,
          limit: stepSize.next(PART.limit, this.#limit),
          maxBytes: PART.maxBytes,
          newest: false,
        },
      );
      stepSize.took(messages.length, performance.now() - startedAt);
      this.#after = next;
      this.#limit = nextLimit(messages, this.#limit);
      return messages;
    } finally {
      this.#tail = undefined;
    }
  }
}

/**
 * Returns how many messages to ask for in the next part: about as many as fit into a part, if they are as long as these.
 * A store may read everything that it is asked for, although the part ends at its bytes. Then the pages of other users
 * wait for messages that nobody gets.
 */
function nextLimit(messages: readonly LogMessage[], limit: number): number {
  if (messages.length === 0) return limit;
  const fitting = Math.ceil((PART.maxBytes / estimateAll(messages)) * messages.length);
  return Math.min(PART.limit, 2 * limit, fitting);
}
