import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { conversationOf, idAfter, isVisibleTo, type LogMessage, ORIGIN } from "@parley/models";
import type { Store } from "@parley/store";
import type { Observe } from "../events.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import { Merge } from "./merge.ts";
import { type MergeSource, type Page, readMergedPage } from "./merged-page.ts";
import { type RangeQuery, selectRange } from "./range.ts";
import { retryUnavailable } from "./retry.ts";

/** Messages per store read of a whole conversation. Bounds the memory of such an answer. */
const STREAM_PART = 500;

export interface PageOptions {
  /** Exclusive ids. At most one of the two is defined. */
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

export interface SyncPage {
  readonly messages: readonly LogMessage[];
  /** The position to continue from. */
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * Reads history from the store and the tail of the log. Every answer is the log's prefix up to one position (P56).
 */
export class History {
  readonly #follower: Pick<LogFollower, "snapshot">;
  readonly #store: Pick<Store, "page" | "sync" | "findByRef">;
  readonly #observe: Observe;

  constructor(
    follower: Pick<LogFollower, "snapshot">,
    store: Pick<Store, "page" | "sync" | "findByRef">,
    observe: Observe,
  ) {
    this.#follower = follower;
    this.#store = store;
    this.#observe = observe;
  }

  /**
   * Reads one page of the conversation with `peer`, oldest first (P51). With `after` the page holds the messages that
   * follow it, otherwise the newest messages, or the newest before `before`.
   */
  async readPage(reader: string, peer: string, { after, before, limit }: PageOptions): Promise<Page> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#follower.snapshot(conversation);
    const end = idAfter(snapshot.position);
    return readMergedPage(this.#conversation(conversation, snapshot), {
      after,
      before: before !== undefined && before < end ? before : end,
      limit,
      newest: after === undefined,
    });
  }

  /**
   * Reads the whole conversation with `peer`, part by part (P50). Resolves once the follower has reached the log's
   * end. Parts are read on demand, so memory is bounded by one part, and reading ends when the caller stops
   * iterating.
   *
   * The first part fails like a page. Later parts are retried, because a response that has begun can't be answered
   * with an error any more.
   */
  async streamConversation(reader: string, peer: string): Promise<AsyncIterable<readonly LogMessage[]>> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#follower.snapshot(conversation);
    return this.#parts(this.#conversation(conversation, snapshot), idAfter(snapshot.position));
  }

  /**
   * Reads the messages that `user` may see after a cursor (P53, L22). ORIGIN is the cursor of the beginning.
   *
   * A cursor after the log's end comes from a log that was lost, whose ids went further than those of its successor
   * (L3). Messages of the new log that the client hasn't seen are before its cursor, and nothing tells at which
   * position they begin. So the client gets everything from the beginning again, and recognizes by their ids the
   * messages that it has. This is expensive but loses nothing, and happens only after a log was destroyed.
   */
  async sync(user: string, after: string, limit: number): Promise<SyncPage> {
    const snapshot = await this.#follower.snapshot();
    const { position } = snapshot;
    const isBeyondEnd = after > position;
    if (isBeyondEnd) this.#observe({ type: "cursor-beyond-log", user });
    const { messages, next } = await readMergedPage(this.#visibleTo(user, snapshot), {
      after: isBeyondEnd ? ORIGIN : after,
      before: idAfter(position),
      limit,
      newest: false,
    });
    return { messages, cursor: next ?? position, more: next !== undefined };
  }

  #conversation(conversation: string, { position, pending, firstWithRef }: TailSnapshot): MergeSource {
    return {
      stored: (range) => this.#store.page(conversation, range),
      pending: (range) => selectRange(pending, range, () => true),
      findByRef: (messages) => this.#store.findByRef(messages),
      merge: new Merge(position, firstWithRef),
    };
  }

  #visibleTo(user: string, { position, pending, firstWithRef }: TailSnapshot): MergeSource {
    return {
      stored: ({ after, before, limit }) => this.#store.sync(user, { after, before, limit }),
      pending: (range) => selectRange(pending, range, (message) => isVisibleTo(user, message)),
      findByRef: (messages) => this.#store.findByRef(messages),
      merge: new Merge(position, firstWithRef),
    };
  }

  async *#parts(source: MergeSource, before: string): AsyncGenerator<readonly LogMessage[]> {
    for (let after: string | undefined = ORIGIN; after !== undefined; ) {
      const range: RangeQuery = { after, before, limit: STREAM_PART, newest: false };
      const read = () => readMergedPage(source, range);
      const { messages, next }: Page = await (after === ORIGIN ? read() : retryUnavailable(read));
      yield messages;
      after = next;
      // Lets other requests run, even if the store answers without waiting.
      await yieldToEventLoop();
    }
  }
}
