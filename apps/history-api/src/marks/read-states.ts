import type { MarkReader } from "@parley/bus";
import { idAfter, type StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { MessageView } from "../log-tail/recent-messages.ts";
import type { History, Part } from "../queries/history.ts";
import { type GiveWay, SmallReads } from "../queries/steps.ts";
import { type CountedMessages, countUnread } from "./count-unread.ts";
import { readUpTo } from "./read-up-to.ts";

/** A conversation of a list: the other user, or "" for the public room, and the last message if there is one. */
export interface ListedConversation {
  readonly with: string;
  readonly last: StoredMessage | undefined;
  /** False: its unread messages aren't counted, because the list has too many conversations. */
  readonly isCounted: boolean;
}

/** How far a conversation is read (P71). */
export interface ReadState {
  /** The message up to which the reader has read. Undefined: nothing is read. */
  readonly read: string | undefined;
  /** The number of unread messages, at most 100. Undefined if they weren't counted. */
  readonly unread: number | undefined;
  /** The message up to which the other user has read. */
  readonly readBy: string | undefined;
}

export interface ReadStatesDeps {
  readonly marks: MarkReader;
  readonly store: Pick<Store, "marks">;
  readonly history: Pick<History, "readWithoutContent" | "tailOf">;
  /** False: nobody learns how far others have read. */
  readonly readReceipts: boolean;
}

export interface ReadStatesOptions {
  /** The position of the list. Later messages don't count. */
  readonly position: string;
  readonly deadline: Deadline;
  /** Charges the reader for messages that were read. They have no content. */
  readonly charge: (messages: readonly StoredMessage[]) => void;
  /** Waits between two reads, so that others can read (G5). */
  readonly giveWay: GiveWay;
}

/** Of the public room, the store doesn't know the users' last messages: only those that are counted tell (P71). */
const NO_TAIL: MessageView = { entries: [], length: 0 };

/** Number of messages after which others may read (G5). More than in a step of a page, because they have no content. */
const STEP = 500;

/** Finds out how far conversations are read (P71). */
export class ReadStates {
  readonly #deps: ReadStatesDeps;

  constructor(deps: ReadStatesDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the states of these conversations, in their order. Takes the log's messages and marks before those of the store: a
   * persister may carry them from one to the other meanwhile (L27). Marks of others come from the store alone.
   */
  async of(
    reader: string,
    listed: readonly ListedConversation[],
    options: ReadStatesOptions,
  ): Promise<readonly ReadState[]> {
    const { marks, store, history, readReceipts } = this.#deps;
    const { deadline, position } = options;
    const tails = listed.map((each) =>
      each.with === "" ? NO_TAIL : history.tailOf(reader, each.with, position),
    );
    const own = listed.map((each) => ({ user: reader, with: each.with }));
    const others = listed.map((each) => ({ user: each.with, with: reader }));
    const unstored = await deadline.during("log", () => marks.find(own));
    const stored = await deadline.during("store", (signal) =>
      store.marks.find(readReceipts ? [...own, ...others] : own, { signal }),
    );
    const states: ReadState[] = [];
    const readPart = this.#partReader(reader, options);
    for (const [at, conversation] of listed.entries()) {
      const { with: peer, last } = conversation;
      const evidence = { last, tail: tails[at] ?? NO_TAIL };
      const upTo = readUpTo(reader, { ...evidence, known: [unstored[at], stored[at]] });
      const { read, unread } = await count(reader, conversation, upTo, position, readPart);
      // Nobody is told about their own marks, nor about the public room.
      const isShown = readReceipts && peer !== "" && peer !== reader;
      const readBy = isShown ? readUpTo(peer, { ...evidence, known: [stored[listed.length + at]] }) : "";
      states.push({ read: read || undefined, unread, readBy: readBy || undefined });
    }
    return states;
  }

  /** Returns a function that reads messages without their content. It charges the reader, and gives way after each step. */
  #partReader(reader: string, { position, deadline, charge, giveWay }: ReadStatesOptions): ReadPart {
    const reads = new SmallReads(giveWay, STEP);
    return async (peer, part) => {
      await reads.next();
      const page = await this.#deps.history.readWithoutContent(reader, peer, { ...part, position }, deadline);
      charge(page.messages);
      reads.done(page.messages.length);
      return page;
    };
  }
}

type ReadPart = (peer: string, part: Part & { readonly limit: number }) => Promise<CountedMessages>;

/** Counts the unread messages of a conversation. Reads them only if the last one isn't read. */
async function count(
  reader: string,
  { with: peer, last, isCounted }: ListedConversation,
  read: string,
  position: string,
  readPart: ReadPart,
): Promise<{ read: string; unread: number | undefined }> {
  if (!last || last.id <= read) return { read, unread: 0 };
  if (!isCounted) return { read, unread: undefined };
  const after = read === "" ? undefined : read;
  return countUnread(reader, read, idAfter(position), (before, limit) =>
    readPart(peer, { after, before, limit }),
  );
}
