import { setImmediate as breathe } from "node:timers/promises";
import { conversationOf, idAfter, isVisibleTo, type LogMessage, ORIGIN } from "@parley/models";
import type { Store } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Follower, Snapshot } from "../log-tail/follower.ts";
import { Merge } from "./merge.ts";
import { select, type Wanted } from "./range.ts";
import { persevere } from "./retry.ts";

/** Of one store read of a whole conversation, in messages: what an answer holds in memory at a time. */
const PART = 500;

export interface Page {
  readonly messages: readonly LogMessage[];
  /** Where to go on in the direction of reading: an exclusive bound. Undefined: there is nothing more. */
  readonly next: string | undefined;
}

export interface SyncPage {
  readonly messages: readonly LogMessage[];
  readonly cursor: string;
  readonly more: boolean;
}

export interface PageOptions {
  /** Ids, exclusive. At most one of them. */
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

/** What one answer is read from: the tail's snapshot was taken before any of these reads (L19, merge.ts). */
interface Source {
  stored(wanted: Wanted): Promise<readonly LogMessage[]>;
  pending(wanted: Wanted): readonly LogMessage[];
  readonly merge: Merge;
}

/** History, from the store and the log's end: the log's prefix up to one position (P56). */
export class History {
  readonly #follower: Pick<Follower, "snapshot">;
  readonly #store: Pick<Store, "page" | "sync" | "findByRef">;
  readonly #observe: Observe;

  constructor(
    follower: Pick<Follower, "snapshot">,
    store: Pick<Store, "page" | "sync" | "findByRef">,
    observe: Observe,
  ) {
    this.#follower = follower;
    this.#store = store;
    this.#observe = observe;
  }

  /** P51: without `after` the newest messages (before `before`), with it those that follow. Oldest first. */
  async page(reader: string, peer: string, { after, before, limit }: PageOptions): Promise<Page> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#follower.snapshot(conversation);
    const end = idAfter(snapshot.position);
    return this.#part(this.#conversation(conversation, snapshot), {
      after,
      before: before !== undefined && before < end ? before : end,
      limit,
      newest: after === undefined,
    });
  }

  /**
   * P50: the whole conversation, part by part. Resolves once the log's end is followed to; the parts are read as they
   * are asked for, so memory is a part, and who stops asking ends the reading. The first part fails as a page does; the
   * others are asked for again, since what has begun cannot be answered with an error any more.
   */
  async whole(reader: string, peer: string): Promise<AsyncIterable<readonly LogMessage[]>> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#follower.snapshot(conversation);
    return this.#parts(this.#conversation(conversation, snapshot), idAfter(snapshot.position));
  }

  /**
   * P53, L22: what `user` may see after the cursor; ORIGIN is the beginning.
   *
   * A cursor beyond the log's end was given out by a log that is no more (L3): its ids went further than those of the
   * log that replaced it. Messages of the new log that the client has not seen lie before its cursor, and nothing
   * says from where on: any stored message may be one of them. So the client starts again from the store, and finds
   * by their ids those that it has. That is dear, and loses nothing; it happens when a log was destroyed, never else.
   */
  async sync(user: string, after: string, limit: number): Promise<SyncPage> {
    const snapshot = await this.#follower.snapshot();
    const { position } = snapshot;
    const isBeyond = after > position;
    if (isBeyond) this.#observe({ type: "cursor-beyond-log", user });
    const { messages, next } = await this.#part(this.#visibleTo(user, snapshot), {
      after: isBeyond ? ORIGIN : after,
      before: idAfter(position),
      limit,
      newest: false,
    });
    return { messages, cursor: next ?? position, more: next !== undefined };
  }

  #conversation(conversation: string, { position, pending, firstWithRef }: Snapshot): Source {
    return {
      stored: (wanted) => this.#store.page(conversation, wanted),
      pending: (wanted) => select(pending, wanted, () => true),
      merge: new Merge(position, firstWithRef),
    };
  }

  #visibleTo(user: string, { position, pending, firstWithRef }: Snapshot): Source {
    return {
      stored: ({ after, before, limit }) => this.#store.sync(user, { after, before, limit }),
      pending: (wanted) => select(pending, wanted, (message) => isVisibleTo(user, message)),
      merge: new Merge(position, firstWithRef),
    };
  }

  async *#parts(source: Source, before: string): AsyncGenerator<readonly LogMessage[]> {
    for (let after: string | undefined = ORIGIN; after !== undefined; ) {
      const wanted: Wanted = { after, before, limit: PART, newest: false };
      const read = () => this.#part(source, wanted);
      const { messages, next }: Page = await (after === ORIGIN ? read() : persevere(read));
      yield messages;
      after = next;
      // A store that answers without waiting must not keep others from their turn.
      await breathe();
    }
  }

  /**
   * One read more than the limit from each side says whether there is more. Where one side stops there, it says
   * nothing of what lies beyond: the answer ends at the nearer of the two ends.
   */
  async #part(source: Source, wanted: Wanted): Promise<Page> {
    const more = { ...wanted, limit: wanted.limit + 1 };
    const stored = await source.stored(more);
    const pending = source.pending(asFarAs(stored, more));
    const bound = nearestEnd([stored, pending], more);
    const [storedWithin, pendingWithin] = [stored, pending].map((list) => within(list, bound, wanted.newest));
    const merged = await this.#merged(source.merge, storedWithin ?? [], pendingWithin ?? []);
    if (merged.length <= wanted.limit) return { messages: merged, next: bound };
    const messages = wanted.newest ? merged.slice(-wanted.limit) : merged.slice(0, wanted.limit);
    return { messages, next: messages.at(wanted.newest ? 0 : -1)?.id };
  }

  async #merged(
    merge: Merge,
    stored: readonly LogMessage[],
    pending: readonly LogMessage[],
  ): Promise<LogMessage[]> {
    const unresolved = merge.unresolved(stored, pending);
    const held = unresolved.length > 0 ? await this.#store.findByRef(unresolved) : [];
    return merge.merge(stored, pending, held);
  }
}

/** Where the store's answer stops at its limit the tail need not be searched beyond. */
function asFarAs(stored: readonly LogMessage[], wanted: Wanted): Wanted {
  const last = stored.length >= wanted.limit && !wanted.newest ? stored.at(-1) : undefined;
  return last ? { ...wanted, before: idAfter(last.id) } : wanted;
}

/** The last id that both lists cover; undefined where both end because there is nothing more. */
function nearestEnd(
  lists: readonly (readonly LogMessage[])[],
  { limit, newest }: Wanted,
): string | undefined {
  const ends = lists
    .filter((list) => list.length >= limit)
    .map((list) => list.at(newest ? 0 : -1)?.id ?? "")
    .sort();
  return newest ? ends.at(-1) : ends[0];
}

function within(
  list: readonly LogMessage[],
  bound: string | undefined,
  newest: boolean,
): readonly LogMessage[] {
  if (bound === undefined) return list;
  return list.filter(({ id }) => (newest ? id >= bound : id <= bound));
}
