import { conversationOf, idAfter, isVisibleTo, type LogMessage, ORIGIN } from "@parley/models";
import type { Store } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Deadline } from "../limits/deadline.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import { ConversationReader } from "./conversation-reader.ts";
import { conversationSource } from "./conversation-source.ts";
import { Merge } from "./merge.ts";
import { type MergeSource, type Page, readMergedPage } from "./merged-page.ts";
import { selectRange } from "./range.ts";
import type { RefLookup } from "./ref-lookup.ts";
import { MAX_PAGE_BYTES } from "./sizes.ts";

export interface PageOptions {
  /** The page is after the id `after` or before the id `before`. At most one of the two is defined. */
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

export interface HistoryDeps {
  readonly follower: Pick<LogFollower, "snapshot" | "later">;
  readonly store: Pick<Store, "page" | "sync">;
  readonly refLookup: RefLookup;
  readonly observe: Observe;
}

/**
 * Reads history from the store and the tail of the log. Every answer is the log's prefix up to one position (P56).
 */
export class History {
  readonly #deps: HistoryDeps;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /**
   * Reads one page of the conversation with `peer`, oldest first (P51). With `after`, the page holds the messages that
   * follow that id. With `before`, it holds the newest messages before that id, and with neither the newest of all.
   */
  async readPage(
    reader: string,
    peer: string,
    { after, before, limit }: PageOptions,
    deadline: Deadline,
  ): Promise<Page> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#snapshot(deadline, conversation);
    const end = idAfter(snapshot.position);
    return readMergedPage(this.#conversation(conversation, snapshot, deadline), {
      after,
      before: before !== undefined && before < end ? before : end,
      limit,
      maxBytes: MAX_PAGE_BYTES,
      newest: after === undefined,
    });
  }

  /**
   * Begins to read the whole conversation with `peer` (P50). Resolves once the follower has reached the log's end, which
   * is the end of the answer.
   */
  async openConversation(reader: string, peer: string, deadline: Deadline): Promise<ConversationReader> {
    const { follower, store, refLookup } = this.#deps;
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#snapshot(deadline, conversation);
    return new ConversationReader({ follower, store, refLookup, conversation, snapshot });
  }

  /**
   * Reads the messages that `user` may see after a cursor (P53, L22). ORIGIN is the cursor of the beginning.
   *
   * A cursor after the log's end comes from an earlier log that was lost and had greater ids (L3). Messages of the new
   * log that the client hasn't seen are before its cursor, and the position of the first of them isn't known. So the
   * client gets everything from the beginning again. It recognizes the messages that it has by their ids. This is
   * expensive but loses nothing, and happens only after a log was destroyed.
   */
  async sync(user: string, after: string, limit: number, deadline: Deadline): Promise<SyncPage> {
    const snapshot = await this.#snapshot(deadline);
    const { position } = snapshot;
    const isBeyondEnd = after > position;
    if (isBeyondEnd) this.#deps.observe({ type: "cursor-beyond-log", user });
    const { messages, next } = await readMergedPage(this.#visibleTo(user, snapshot, deadline), {
      after: isBeyondEnd ? ORIGIN : after,
      before: idAfter(position),
      limit,
      maxBytes: MAX_PAGE_BYTES,
      newest: false,
    });
    return { messages, cursor: next ?? position, more: next !== undefined };
  }

  #snapshot(deadline: Deadline, conversation?: string): Promise<TailSnapshot> {
    return deadline.during("log", () => this.#deps.follower.snapshot(conversation));
  }

  #conversation(conversation: string, snapshot: TailSnapshot, deadline: Deadline): MergeSource {
    const merge = mergeOf(snapshot);
    return conversationSource({ ...this.#deps, conversation, tail: snapshot, merge, deadline });
  }

  #visibleTo(user: string, snapshot: TailSnapshot, deadline: Deadline): MergeSource {
    const { store, refLookup } = this.#deps;
    return {
      findByRef: (messages) =>
        deadline.during("store", (signal) => refLookup.find(messages, snapshot.refs, signal)),
      merge: mergeOf(snapshot),
      stored: ({ newest: _, ...range }) =>
        deadline.during("store", (signal) => store.sync(user, { ...range, signal })),
      pending: (range) => selectRange(snapshot.pending, range, (message) => isVisibleTo(user, message)),
    };
  }
}

function mergeOf({ position, refs }: TailSnapshot): Merge {
  return new Merge(position, (key) => refs.first(key));
}
