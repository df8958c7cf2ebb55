import { conversationOf, idAfter, isVisibleTo, laterOf, ORIGIN, type StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Deadline } from "../limits/deadline.ts";
import type { LogFollower, TailSnapshot } from "../log-tail/log-follower.ts";
import type { MessageView } from "../log-tail/recent-messages.ts";
import { SharedPages } from "../store/shared-pages.ts";
import { ConversationReader } from "./conversation-reader.ts";
import { conversationSource, type ReadStored } from "./conversation-source.ts";
import { Merge } from "./merge.ts";
import { type MergeSource, type Page, readMergedPage } from "./merged-page.ts";
import { PresentContent } from "./present-content.ts";
import { selectRange } from "./range.ts";
import { readByIds } from "./read-by-ids.ts";
import { type Audience, isMeantFor, readChanges, type ShownChange } from "./read-changes.ts";
import type { RefLookup } from "./ref-lookup.ts";
import { MAX_PAGE_BYTES } from "./sizes.ts";
import { StepSize } from "./step-size.ts";
import { atOnce, type GiveWay, readInSteps } from "./steps.ts";

/** A part of a conversation. Both ids are exclusive. */
export interface Part {
  readonly after: string | undefined;
  readonly before: string | undefined;
}

/** A part of a conversation that is read from its upper end, as of a position that the follower has reached. */
export interface PositionedPart extends Part {
  readonly limit: number;
  readonly position: string;
}

export interface PageOptions extends Part {
  readonly limit: number;
  /** True for the page at the upper end of the part, false for that at its lower end. */
  readonly newest: boolean;
}

export interface SyncPage {
  readonly messages: readonly StoredMessage[];
  /** The changes between the same positions as the messages, each with its message. */
  readonly changes: readonly ShownChange[];
  /** The position to continue from. */
  readonly cursor: string;
  readonly more: boolean;
}

/** The part of the log that a page of it is for. */
export interface LogRange {
  /** The cursor from which the client goes on. */
  readonly after: string;
  /** A lower bound besides the cursor. Exclusive, as the cursor is. */
  readonly since?: string;
  /** The last position of the range. Undefined for the log's end. */
  readonly upTo?: string | undefined;
  readonly limit: number;
}

export interface HistoryDeps {
  readonly follower: Pick<LogFollower, "snapshot" | "later">;
  readonly store: Pick<Store, "page" | "sync" | "feed" | "findByIds" | "changes">;
  readonly refLookup: RefLookup;
  readonly observe: Observe;
}

/**
 * Reads history from the store and the tail of the log. Every answer is the log's prefix up to one position (P56).
 */
export class History {
  readonly #deps: HistoryDeps;
  readonly #stepSize = new StepSize();
  readonly #sharedPages = new SharedPages();

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /** Reads one page of the conversation with `peer`, oldest first (P51, P64). */
  async readPage(
    reader: string,
    peer: string,
    { after, before, limit, newest }: PageOptions,
    deadline: Deadline,
    giveWay: GiveWay = atOnce,
  ): Promise<Page> {
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#snapshot(deadline, conversation);
    return readMergedPage(this.#inSteps(this.#conversation(conversation, snapshot, deadline), giveWay), {
      after,
      before: endOf(snapshot, before),
      limit,
      maxBytes: MAX_PAGE_BYTES,
      newest,
    });
  }

  /**
   * Reads the newest messages of a part of the conversation with `peer`, without their content: what is read stays small,
   * however long they are. The part ends at `position`, which an earlier snapshot reached, so the log's end isn't read again.
   */
  async readWithoutContent(
    reader: string,
    peer: string,
    { position, after, before, limit }: PositionedPart,
    deadline: Deadline,
  ): Promise<Page> {
    const conversation = conversationOf(reader, peer);
    const tail = this.#deps.follower.later(position, conversation);
    const merge = new Merge(position, tail.refs);
    const readStored: ReadStored = (range, signal) =>
      this.#deps.store.page(conversation, { ...range, withoutContent: true, signal });
    const source = { ...this.#deps, readStored, tail, merge, deadline, withoutContent: true };
    const range = { after, before: endOf({ position }, before), limit, newest: true };
    return readMergedPage(conversationSource(source), range);
  }

  /**
   * Returns the messages of the conversation with `peer` at the end of the log: all that may not be in the store yet, at least
   * up to `position`, which an earlier snapshot reached.
   */
  tailOf(reader: string, peer: string, position: string): MessageView {
    return this.#deps.follower.later(position, conversationOf(reader, peer)).pending;
  }

  /** Reads the last public message up to `position`. */
  async readLastPublic(position: string, deadline: Deadline): Promise<StoredMessage | undefined> {
    const last = { after: undefined, before: idAfter(position), limit: 1, newest: true };
    return (await this.readPage("", "", last, deadline)).messages.at(-1);
  }

  /**
   * Begins to read the whole conversation with `peer`, or a part of it (P50, P64). Resolves once the follower has reached
   * the log's end, which is the end of the answer.
   */
  async openConversation(
    reader: string,
    peer: string,
    { after, before }: Part,
    deadline: Deadline,
  ): Promise<ConversationReader> {
    const { follower, store, refLookup } = this.#deps;
    const conversation = conversationOf(reader, peer);
    const snapshot = await this.#snapshot(deadline, conversation);
    const part = { after: after ?? ORIGIN, before: endOf(snapshot, before) };
    const deps = { follower, store, refLookup, stepSize: this.#stepSize };
    return new ConversationReader({ ...deps, conversation, snapshot, ...part });
  }

  /**
   * Reads the messages that `user` may see after a cursor, and the changes of messages (P53, P75, L22). ORIGIN is the
   * cursor of the beginning. The page ends where one of the two lists is full.
   */
  sync(
    user: string,
    after: string,
    limit: number,
    deadline: Deadline,
    giveWay: GiveWay = atOnce,
  ): Promise<SyncPage> {
    return this.#readLog({ user }, user, { after, limit }, deadline, giveWay);
  }

  /** Reads the messages of all conversations, and their changes (P63). `reader` is the service that reads them. */
  readEverything(
    reader: string,
    range: LogRange,
    deadline: Deadline,
    giveWay: GiveWay = atOnce,
  ): Promise<SyncPage> {
    return this.#readLog("everyone", reader, range, deadline, giveWay);
  }

  /**
   * A cursor after the log's end comes from an earlier log that was lost and had greater ids (L3). Messages of the new
   * log that the client hasn't seen are before its cursor, and the position of the first of them isn't known. So the
   * client gets everything from the beginning again. It recognizes the messages that it has by their ids. This is
   * expensive but loses nothing, and happens only after a log was destroyed.
   */
  async #readLog(
    of: Audience,
    reader: string,
    { since = ORIGIN, limit, ...asked }: LogRange,
    deadline: Deadline,
    giveWay: GiveWay,
  ): Promise<SyncPage> {
    const snapshot = await this.#snapshot(deadline);
    const { position } = snapshot;
    const isBeyondEnd = asked.after > position;
    if (isBeyondEnd) this.#deps.observe({ type: "cursor-beyond-log", user: reader });
    const cursor = isBeyondEnd ? ORIGIN : asked.after;
    const last = asked.upTo !== undefined && asked.upTo < position ? asked.upTo : position;
    const range = { after: laterOf(cursor, since), limit, maxBytes: MAX_PAGE_BYTES };
    const page = await readMergedPage(this.#inSteps(this.#selected(of, snapshot, deadline), giveWay), {
      ...range,
      before: idAfter(last),
      newest: false,
    });
    const { changes, next } = await readChanges(
      { of, ...range, before: idAfter(page.next ?? last) },
      { ...this.#deps, tail: snapshot, deadline, stepSize: this.#stepSize, giveWay },
    );
    const end = next ?? page.next;
    const messages = next === undefined ? page.messages : page.messages.filter(({ id }) => id <= next);
    return { messages, changes, cursor: end ?? laterOf(cursor, last), more: end !== undefined };
  }

  /**
   * Reads the message with an id, or the one for which the id stands (P58, P59). Returns undefined if `reader` may see no
   * such message.
   */
  async readMessage(reader: string, id: string, deadline: Deadline): Promise<StoredMessage | undefined> {
    const tail = await this.#snapshot(deadline);
    if (id > tail.position) return undefined;
    const [found] = (await readByIds([id], { ...this.#deps, tail, deadline })).values();
    return found && isVisibleTo(reader, found) ? found : undefined;
  }

  /** Reads the store in steps. */
  #inSteps(source: MergeSource, giveWay: GiveWay): MergeSource {
    const stepping = { stepSize: this.#stepSize, giveWay };
    return { ...source, stored: (range) => readInSteps(range, source.stored, stepping) };
  }

  #snapshot(deadline: Deadline, conversation?: string): Promise<TailSnapshot> {
    return deadline.during("log", () => this.#deps.follower.snapshot(conversation));
  }

  #conversation(conversation: string, snapshot: TailSnapshot, deadline: Deadline): MergeSource {
    const merge = mergeOf(snapshot);
    const readStored: ReadStored = (range, signal) => {
      const page = { tail: snapshot, query: { conversation, ...range } };
      const read = (shared: AbortSignal) =>
        this.#stepSize.measure(() => this.#deps.store.page(conversation, { ...range, signal: shared }));
      return this.#sharedPages.read(page, read, signal);
    };
    return conversationSource({ ...this.#deps, readStored, tail: snapshot, merge, deadline });
  }

  #selected(of: Audience, snapshot: TailSnapshot, deadline: Deadline): MergeSource {
    const { store, refLookup } = this.#deps;
    const presentContent = new PresentContent({ tails: [snapshot], store, deadline });
    return {
      findByRef: (messages) => refLookup.findWithin(deadline, messages, snapshot.refs),
      merge: mergeOf(snapshot),
      stored: ({ newest: _, ...range }) =>
        deadline.during("store", (signal) =>
          this.#stepSize.measure(() =>
            of === "everyone" ? store.feed({ ...range, signal }) : store.sync(of.user, { ...range, signal }),
          ),
        ),
      pending: (range) => selectRange(snapshot.pending, range, (message) => isMeantFor(of, message)),
      present: (messages) => presentContent.of(messages),
    };
  }
}

/** The exclusive upper bound of an answer: `before`, but at most the position. */
function endOf({ position }: Pick<TailSnapshot, "position">, before: string | undefined): string {
  const end = idAfter(position);
  return before !== undefined && before < end ? before : end;
}

function mergeOf({ position, refs }: TailSnapshot): Merge {
  return new Merge(position, refs);
}
