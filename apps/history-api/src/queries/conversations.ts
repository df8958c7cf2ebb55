import type { LastMessages, Store } from "@parley/store";
import { unavailable } from "../errors.ts";
import type { Follower, Snapshot } from "../log-tail/follower.ts";
import { indexAfter } from "../log-tail/recent-messages.ts";
import { Merge } from "./merge.ts";
import { newestInTail, type Overtaking, peerOf, type TailSlices, type Wanted } from "./newest-in-tail.ts";

export interface ConversationsOptions {
  /** An id, exclusive; undefined for the newest. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** How often the log's end may slip away between two looks at it before a request is given up. */
const ATTEMPTS = 3;

/**
 * The private conversations of a user with their last messages (P57), as of one position of the log (P56).
 *
 * The store's list is read between two snapshots of the tail, since a conversation can move on while it is read: its
 * row is then where it stands now, beyond the first snapshot, and where it stood before is in no row any more. The
 * second snapshot is taken after the read, so its position F is at or after everything that the store answered, and
 * the answer is that of F. What is at or before F and not in a row is in the tail: up to the first snapshot's position
 * in the first one (merge.ts says why), behind it in the second, which must not have let go of any of that.
 */
export class Conversations {
  readonly #follower: Pick<Follower, "snapshot">;
  readonly #store: Pick<Store, "conversations" | "findByRef">;

  constructor(follower: Pick<Follower, "snapshot">, store: Pick<Store, "conversations" | "findByRef">) {
    this.#follower = follower;
    this.#store = store;
  }

  /** Newest first. A page may be short, or empty, and have more behind it. */
  async page(user: string, options: ConversationsOptions): Promise<LastMessages> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const first = await this.#follower.snapshot();
      const stored = await this.#store.conversations(user, options);
      const second = await this.#follower.snapshot();
      if (second.since <= first.position)
        return this.#merged(user, options, stored, { tail: tailOf(first, second), at: second });
    }
    throw unavailable("The log moves on too fast for this server now.");
  }

  async #merged(
    user: string,
    { before, limit }: ConversationsOptions,
    stored: LastMessages,
    { tail, at }: { tail: TailSlices; at: Snapshot },
  ): Promise<LastMessages> {
    const { overtaking, isCut } = await this.#overtaking(tail, at, { user, before, limit, stored });
    const rows = stored.messages.filter((message) => !overtaking.has(peerOf(user, message)));
    const moved = [...overtaking.values()].filter(({ id }) => before === undefined || id < before);
    const lasts = [...rows, ...moved].sort((a, b) => (a.id < b.id ? 1 : -1));
    const messages = lasts.slice(0, limit);
    return { messages, next: isCut || lasts.length > limit ? messages.at(-1)?.id : stored.next };
  }

  /**
   * Looks again with each answer of the store about refs (merge.ts, step 4), and asks for twice as many of a
   * conversation each time: hardly ever more than once, and few times however often a sender repeats itself.
   */
  async #overtaking(
    tail: TailSlices,
    { position, firstWithRef }: Snapshot,
    wanted: Omit<Wanted, "judged" | "depth">,
  ): Promise<Overtaking> {
    const merge = new Merge(position, firstWithRef);
    const judged = new Map<string, boolean>();
    for (let depth = 1; ; depth *= 2) {
      const found = newestInTail(tail, { ...wanted, judged, depth });
      if (found.unjudged.length === 0) return found;
      const pending = found.unjudged.toReversed();
      const kept = new Set(merge.merge([], pending, await this.#store.findByRef(pending)));
      for (const message of pending) judged.set(message.id, kept.has(message));
    }
  }
}

/** Both snapshots as one: what lies behind the first one's position is taken from the second. */
function tailOf(first: Snapshot, second: Snapshot): TailSlices {
  const { messages, length } = second.pending;
  return [
    { messages, from: indexAfter(messages, length, first.position), to: length },
    { messages: first.pending.messages, from: 0, to: first.pending.length },
  ];
}
