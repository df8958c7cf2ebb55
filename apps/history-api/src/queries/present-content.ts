import {
  applyChange,
  isSameContent,
  isTargetOf,
  type LogChange,
  type LogMessage,
  refKey,
  type StoredMessage,
} from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import { indexAfter } from "../log-tail/entry-list.ts";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import type { MessageView } from "../log-tail/recent-messages.ts";

export interface PresentContentDeps {
  /** The snapshots from which the messages were merged. Each has the changes of these messages. */
  readonly tails: readonly Pick<TailSnapshot, "pending" | "changes" | "refs">[];
  readonly store: Pick<Store, "findByIds">;
  readonly deadline: Deadline;
}

/**
 * Applies the pending changes of the tail to the messages of an answer (L30). Then their content may be newer than the
 * answer's position F, and is never older.
 *
 * A message is given as the store or the tail has it. The store was read after the snapshot (merge.ts, step 3):
 *
 * - A change up to F that isn't in the snapshot was settled before it. So what the store returned includes it.
 * - A change in the snapshot may have been stored before the store was read, alone or with later ones, up to F or beyond.
 *   It is applied once more, and `applyChange` leaves a message with a later change as it is. An edit that was stored
 *   before a pending deletion is undone by it, although the edit may be the later one (P76).
 * - A message that is pending has all of its changes in the same snapshot, because they come after it in the log.
 * - The view of the changes is as old as the snapshot. With a newer view, a change could be missing that was stored and
 *   dropped from the tail after the store was read.
 * - A later part of an answer has a new snapshot, with changes after F. They are applied too.
 *
 * A change may name its message by another id that stands for it (P58), if two persisters have stored two messages with
 * one ref in another order than the server that appended the change had seen. The store is asked about an id only if
 * neither the message nor the tail tells for which message it stands.
 *
 * Answers of the store about refs may be remembered (ref-lookup.ts), so messages that come from them have old contents and
 * aren't shown.
 */
export class PresentContent {
  readonly #deps: PresentContentDeps;

  constructor(deps: PresentContentDeps) {
    this.#deps = deps;
  }

  /** Returns the messages in the same order, each as it is now. */
  async of(messages: readonly StoredMessage[]): Promise<readonly StoredMessage[]> {
    const changes = this.#deps.tails.flatMap(({ changes: { entries, length } }) => entries.slice(0, length));
    if (changes.length === 0 || messages.length === 0) return messages;
    const byId = new Map(messages.map((message) => [message.id, message]));
    const others = changes.filter(({ id }) => !byId.has(id));
    const firsts = others.length > 0 ? await this.#firstsOf(others, messages) : new Map<string, string>();
    for (const change of changes) {
      const message = byId.get(firsts.get(change.id) ?? change.id);
      if (message && isTargetOf(change, message)) byId.set(message.id, applyChange(message, change));
    }
    return messages.map((message) => byId.get(message.id) ?? message);
  }

  /** Returns the ids that stand for one of the messages, among those that the changes name, each with the message's id. */
  async #firstsOf(
    changes: readonly LogChange[],
    messages: readonly StoredMessage[],
  ): Promise<ReadonlyMap<string, string>> {
    const { store, deadline } = this.#deps;
    const firsts = new Map<string, string>();
    const unknown = new Set<string>();
    for (const message of messages.filter((each) => this.#isRepeated(each))) {
      for (const change of changes) {
        const answer = isTargetOf(change, message) && this.#standsFor(change.id, message);
        if (answer === "unknown") unknown.add(change.id);
        else if (answer) firsts.set(change.id, message.id);
      }
    }
    if (unknown.size === 0) return firsts;
    const found = await deadline.during("store", (signal) => store.findByIds([...unknown], { signal }));
    for (const [id, first] of found) firsts.set(id, first.id);
    return firsts;
  }

  /** False if no other id can stand for a message. It has none unless its ref was used again. */
  #isRepeated(message: StoredMessage): boolean {
    const key = refKey(message);
    if (key === undefined || message.also !== undefined) return key !== undefined;
    const isOther = ({ id } = message as LogMessage) => id !== message.id;
    return this.#deps.tails.some(({ refs }) => isOther(refs.first(key)) || isOther(refs.last(key)));
  }

  /**
   * Tells if an id stands for a message, which has the same sender, recipient and first content. A pending message with
   * that id decides: the merge leaves it out in favour of this one if both have the ref. A stored message holds its ref. A
   * pending one holds it if no message with another content was before it (merge.ts, step 4).
   */
  #standsFor(id: string, message: StoredMessage): boolean | "unknown" {
    if (id === message.also) return true;
    const key = refKey(message) ?? "";
    for (const { pending, refs } of this.#deps.tails) {
      const repeated = messageIn(pending, id);
      if (repeated === undefined) continue;
      const isStored = message.digest !== undefined;
      const isHolder = isStored || isSameContent(refs.first(key) ?? message, message);
      return isHolder && refKey(repeated) === key && isSameContent(repeated, message);
    }
    return "unknown";
  }
}

/** Returns the message with an id. */
export function messageIn({ entries, length }: MessageView, id: string): LogMessage | undefined {
  const message = entries[indexAfter(entries, length, id) - 1];
  return message?.id === id ? message : undefined;
}
