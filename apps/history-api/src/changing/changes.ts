import type { Appender } from "@parley/bus";
import {
  type ChangeDraft,
  ChatError,
  changeDigest,
  contentDigest,
  encodeChange,
  isVisibleTo,
  refKey,
  type StoredMessage,
} from "@parley/models";
import { withRetryTime } from "@parley/service";
import type { ChangeRef, Store, StoredChange } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import { readByIds } from "../queries/read-by-ids.ts";
import type { RefLookup } from "../queries/ref-lookup.ts";

export interface ChangesDeps {
  readonly follower: Pick<LogFollower, "snapshot">;
  readonly store: Pick<Store, "findByIds" | "findChange">;
  readonly refLookup: RefLookup;
  readonly appender: Pick<Appender, "append">;
}

/** A request to change a message, of a user who is known. */
export interface ChangeRequest {
  readonly user: string;
  /** The message's id, or one that stands for it (P58). */
  readonly id: string;
  readonly ref: string;
  readonly deadline: Deadline;
  /** Rejects if the user's token isn't accepted any more. */
  readonly assertStillAccepted: (deadline: Deadline) => Promise<void>;
}

export interface NewContent {
  readonly content: string;
  /** Undefined: the message keeps its own. */
  readonly meta?: string;
}

/** A message to change, and the tail with which it was read. */
interface Target {
  readonly message: StoredMessage;
  readonly tail: TailSnapshot;
}

/** A change that was appended before, with its digest. */
type KnownChange = Pick<StoredChange, "change" | "kind" | "id" | "ownDigest">;

/**
 * Appends edits and deletions of messages (P73). Each resolves with the id of its change once this is durable.
 *
 * A ref is looked for in tail and store before anything but the user's right is checked. So a request that is repeated
 * after the dedupe window gets the same answer, also if the message was changed or deleted meanwhile. Within the window
 * the log knows the ref (L5). Between a check and the append, another change may come: then the order of the log decides
 * (P76).
 */
export class Changes {
  readonly #deps: ChangesDeps;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /** Appends an edit, by the message's sender. */
  async edit(request: ChangeRequest, { content, meta }: NewContent): Promise<string> {
    const target = await this.#read(request, isVisibleTo);
    const { message } = target;
    if (message.from !== request.user) throw new ChatError("forbidden", { message: NOT_YOURS });
    const kept = meta ?? message.meta;
    const draft = {
      kind: "edit",
      ...targetOf(message),
      content,
      ...(kept !== undefined && { meta: kept }),
    } as const;
    // What a repeated request has kept isn't known any more if the message was changed again.
    const mayBe = ({ change, kind, id }: KnownChange) =>
      meta === undefined && kind === "edit" && id === message.id && change !== message.change;
    return this.#append({ ...draft, ref: request.ref }, target, request, mayBe);
  }

  /** Appends a deletion, by the message's sender or by a moderator, who may delete any message. */
  async delete(request: ChangeRequest & { readonly isModerator: boolean }): Promise<string> {
    const { user, isModerator, ref } = request;
    const target = await this.#read(request, (reader, found) => isModerator || isVisibleTo(reader, found));
    const { message } = target;
    const isOwn = message.from === user;
    if (!isOwn && !isModerator) throw new ChatError("forbidden", { message: NOT_YOURS });
    const draft = { kind: "delete", ...targetOf(message), ...(!isOwn && { by: user }), ref } as const;
    return this.#append(draft, target, request);
  }

  /** Reads the message, and throws `not_found` unless the user may know of it. */
  async #read(
    { user, id, deadline }: ChangeRequest,
    isKnownTo: (user: string, message: StoredMessage) => boolean,
  ): Promise<Target> {
    const tail = await deadline.during("log", () => this.#deps.follower.snapshot());
    const found = id > tail.position ? [] : await readByIds([id], { ...this.#deps, tail, deadline });
    const [message] = found.values();
    if (!message || !isKnownTo(user, message)) throw new ChatError("not_found", { message: NO_MESSAGE });
    return { message, tail };
  }

  /** Appends a change, unless one with its ref is known. That one is answered again if it is the same. */
  async #append(
    draft: ChangeDraft,
    { message, tail }: Target,
    { user, deadline, ref, assertStillAccepted }: ChangeRequest,
    mayBe: (known: KnownChange) => boolean = () => false,
  ): Promise<string> {
    const { from, to } = message;
    const known = await this.#findChange({ from, to, by: user, ref }, tail, deadline);
    if (known && known.ownDigest !== digestOf(draft) && !mayBe(known)) throw new ChatError("ref_reused");
    if (known) return known.change;
    if (message.deleted) throw new ChatError("message_deleted");
    // The body and the reads may have taken seconds (L26).
    await assertStillAccepted(deadline);
    const [result] = await deadline.during("log", () => this.#deps.appender.append([draft]));
    if (!result?.ok) throw withRetryTime(result?.error ?? new ChatError("unavailable"));
    return result.id;
  }

  /** Finds the first change with a ref. A change up to the tail's position that isn't in the tail is in the store. */
  async #findChange(
    ref: ChangeRef,
    { changes: { entries, length } }: TailSnapshot,
    deadline: Deadline,
  ): Promise<KnownChange | undefined> {
    const stored = await deadline.during("store", (signal) => this.#deps.store.findChange(ref, { signal }));
    if (stored) return stored;
    const key = refKey(ref);
    const pending = entries.slice(0, length).find((change) => refKey(change) === key);
    return pending && { ...pending, ownDigest: digestOf(pending) };
  }
}

const NOT_YOURS = "This message is another user's. Only its sender may change it.";
const NO_MESSAGE = "There is no message with this id.";

function targetOf(message: StoredMessage) {
  const { from, to, id, digest = contentDigest(message) } = message;
  return { from, to, id, digest };
}

function digestOf(change: ChangeDraft): string {
  return changeDigest(change.kind, encodeChange(change));
}
