import type { StoredMessage } from "@parley/models";
import { estimateAll, firstFitting, isFull, type LastMessages, type Store } from "@parley/store";
import { unavailable } from "../errors.ts";
import type { Deadline } from "../limits/deadline.ts";
import { indexAfter } from "../log-tail/entry-list.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import { Merge } from "./merge.ts";
import {
  type NewestInTail,
  type NewestInTailQuery,
  newestInTail,
  peerOf,
  type TailSlices,
} from "./newest-in-tail.ts";
import { PresentContent } from "./present-content.ts";
import type { RefLookup } from "./ref-lookup.ts";
import { MAX_PAGE_BYTES } from "./sizes.ts";
import { StepSize } from "./step-size.ts";
import { atOnce, type GiveWay } from "./steps.ts";

export interface ConversationsOptions {
  /** Selects conversations whose last message is before this id. Undefined selects the newest conversations. */
  readonly before: string | undefined;
  readonly limit: number;
}

export interface ConversationsDeps {
  readonly follower: Pick<LogFollower, "snapshot">;
  readonly store: Pick<Store, "conversations" | "findByIds">;
  readonly refLookup: RefLookup;
  /** For tests of lists that are longer than a step. */
  readonly stepSize?: Pick<StepSize, "next" | "took">;
}

/** A page of conversations, and the position of the log up to which it is complete. */
export interface ConversationsPage extends LastMessages {
  readonly position: string;
}

/** Maximum number of attempts to get two snapshots that overlap. Then the request fails. */
const MAX_ATTEMPTS = 3;

/**
 * Reads a user's private conversations with their last messages (P57), as of one position of the log (P56).
 *
 * The store's list is read between two snapshots of the tail, because a conversation can get a new message while the
 * list is read (L19). Its row then holds a message after the first snapshot's position. The message that was its last
 * one at that position is in no row any more.
 *
 * The answer's position F is that of the second snapshot. That snapshot is taken after the store was read, so F is at
 * or after everything in the store's list. A message up to F that is in no row is in one of the snapshots:
 *
 * - up to the first snapshot's position: in the first snapshot (merge.ts explains why);
 * - after that position: in the second snapshot, unless it has already dropped messages after that position.
 *
 * If the second snapshot has dropped such messages, both snapshots and the list are read again.
 *
 * The same holds for changes: one up to F that is in no snapshot was stored before the list was read (L30).
 */
export class Conversations {
  readonly #deps: ConversationsDeps;
  readonly #stepSize: Pick<StepSize, "next" | "took">;

  constructor(deps: ConversationsDeps) {
    this.#deps = deps;
    this.#stepSize = deps.stepSize ?? new StepSize();
  }

  /** Reads one page, newest conversation first. Even a short or empty page can have a next page. */
  async readPage(
    user: string,
    options: ConversationsOptions,
    deadline: Deadline,
    giveWay: GiveWay = atOnce,
  ): Promise<ConversationsPage> {
    const { follower } = this.#deps;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const first = await deadline.during("log", () => follower.snapshot());
      const stored = await this.#stored(user, options, deadline, giveWay);
      const second = await deadline.during("log", () => follower.snapshot());
      if (second.since <= first.position) {
        const query = { user, ...options, stored };
        return this.#mergedPage([first, second], query, deadline);
      }
    }
    throw unavailable("The log is moving too fast for this server. Retry later.");
  }

  /**
   * Reads the store's list, a long one in steps (G5). The result may differ from that of one read: a conversation that gets
   * a message between two steps may be in none of them. That message is in a snapshot, as above.
   */
  async #stored(
    user: string,
    { before: end, limit }: ConversationsOptions,
    deadline: Deadline,
    giveWay: GiveWay,
  ): Promise<LastMessages> {
    const messages: StoredMessage[] = [];
    for (let before = end; ; ) {
      const left = { limit: limit - messages.length, maxBytes: MAX_PAGE_BYTES - estimateAll(messages) };
      const step = { ...left, before, limit: this.#stepSize.next(limit, left.limit) };
      const startedAt = performance.now();
      const found = await deadline.during("store", (signal) =>
        this.#deps.store.conversations(user, { ...step, signal }),
      );
      this.#stepSize.took(found.messages.length, performance.now() - startedAt);
      messages.push(...found.messages);
      const isLast = step.limit === left.limit || isFull(found.messages, left);
      if (found.next === undefined || isLast) return { messages, next: found.next };
      before = found.next;
      await giveWay();
    }
  }

  async #mergedPage(
    tails: readonly [TailSnapshot, TailSnapshot],
    query: Omit<NewestInTailQuery, "decided" | "maxUndecided">,
    deadline: Deadline,
  ): Promise<ConversationsPage> {
    const { before, limit, stored, user } = query;
    const tail = tailOf(...tails);
    const [, snapshot] = tails;
    const merge = new Merge(snapshot.position, snapshot.refs);
    const { newestByPeer, isCut } = await this.#newestInTail(tail, { merge, ...snapshot }, query, deadline);
    const unchanged = stored.messages.filter((message) => !newestByPeer.has(peerOf(user, message)));
    const moved = [...newestByPeer.values()].filter(({ id }) => before === undefined || id < before);
    const presentContent = new PresentContent({ ...this.#deps, tails, deadline });
    const lastMessages = (await presentContent.of([...merge.withAliases(unchanged), ...moved])).toSorted(
      (a, b) => (a.id < b.id ? 1 : -1),
    );
    const messages = firstFitting(lastMessages, { limit, maxBytes: MAX_PAGE_BYTES });
    const isShorter = messages.length < lastMessages.length;
    const next = isCut || isShorter ? messages.at(-1)?.id : stored.next;
    return { messages, next, position: snapshot.position };
  }

  /**
   * Searches the tail for the last message of each conversation, and skips duplicates of stored messages (merge.ts,
   * step 4). A message with a ref is undecided until its ref has been looked up. Each round looks up the undecided
   * messages. The next round allows twice as many per conversation. One round is nearly always enough. Senders
   * that repeat messages cause only a few more.
   */
  async #newestInTail(
    tail: TailSlices,
    { merge, refs }: { readonly merge: Merge; readonly refs: TailSnapshot["refs"] },
    query: Omit<NewestInTailQuery, "decided" | "maxUndecided">,
    deadline: Deadline,
  ): Promise<NewestInTail> {
    const { refLookup } = this.#deps;
    const decided = new Map<string, StoredMessage | false>();
    for (let maxUndecided = 1; ; maxUndecided *= 2) {
      const found = newestInTail(tail, { ...query, decided, maxUndecided });
      if (found.undecided.length === 0) return found;
      const pending = found.undecided.toReversed();
      const holders = await refLookup.findWithin(deadline, pending, refs);
      for (const { id } of pending) decided.set(id, false);
      for (const kept of merge.merge([], pending, holders)) decided.set(kept.id, kept);
    }
  }
}

/** Joins two snapshots. Messages after the position of `first` come from `second`, all others from `first`. */
function tailOf(first: TailSnapshot, second: TailSnapshot): TailSlices {
  const { entries, length } = second.pending;
  return [
    { messages: entries, from: indexAfter(entries, length, first.position), to: length },
    { messages: first.pending.entries, from: 0, to: first.pending.length },
  ];
}
