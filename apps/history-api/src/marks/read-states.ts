import type { MarkReader } from "@parley/bus";
import { idAfter, laterOf, type StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { History } from "../queries/history.ts";
import { type GiveWay, SmallReads } from "../queries/steps.ts";
import { type CountedMessages, countUnread } from "./count-unread.ts";

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
  readonly history: Pick<History, "readPage">;
  /** False: nobody learns how far others have read. */
  readonly readReceipts: boolean;
}

export interface ReadStatesOptions {
  /** The position of the list. Later messages don't count. */
  readonly position: string;
  readonly deadline: Deadline;
  /** Charges the reader for messages that were read. */
  readonly charge: (messages: readonly StoredMessage[]) => void;
  /** Waits between two reads, so that others can read (G5). */
  readonly giveWay: GiveWay;
}

/** Finds out how far conversations are read (P71). */
export class ReadStates {
  readonly #deps: ReadStatesDeps;

  constructor(deps: ReadStatesDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the states of these conversations, in their order. Reads the marks of the log before those of the store: a
   * persister may carry a mark from one to the other meanwhile (L27). Marks of others come from the store alone.
   */
  async of(
    reader: string,
    listed: readonly ListedConversation[],
    options: ReadStatesOptions,
  ): Promise<readonly ReadState[]> {
    const { marks, store, readReceipts } = this.#deps;
    const { deadline } = options;
    const own = listed.map((each) => ({ user: reader, with: each.with }));
    const others = listed.map((each) => ({ user: each.with, with: reader }));
    const unstored = await deadline.during("log", () => marks.find(own));
    const stored = await deadline.during("store", (signal) =>
      store.marks.find(readReceipts ? [...own, ...others] : own, { signal }),
    );
    const reads = new SmallReads(options.giveWay);
    const states: ReadState[] = [];
    for (const [at, conversation] of listed.entries()) {
      const mark = laterOf(unstored[at] ?? "", stored[at] ?? "");
      const { read, unread } = await this.#count(reader, conversation, mark, { ...options, reads });
      const readBy = readReceipts ? readByOf(reader, conversation, stored[listed.length + at]) : undefined;
      states.push({ read: read === "" ? undefined : read, unread, readBy });
    }
    return states;
  }

  /** Counts the unread messages of a conversation. Reads them only if the last one isn't read. */
  async #count(
    reader: string,
    { with: peer, last, isCounted }: ListedConversation,
    mark: string,
    { position, deadline, charge, reads }: ReadStatesOptions & { readonly reads: SmallReads },
  ): Promise<{ read: string; unread: number | undefined }> {
    if (!last || last.id <= mark) return { read: mark, unread: 0 };
    if (last.from === reader) return { read: last.id, unread: 0 };
    if (!isCounted) return { read: mark, unread: undefined };
    const readPage = async (before: string, limit: number): Promise<CountedMessages> => {
      await reads.next();
      const after = mark === "" ? undefined : mark;
      const page = await this.#deps.history.readPage(
        reader,
        peer,
        { after, before, limit, newest: true },
        deadline,
      );
      charge(page.messages);
      reads.done(page.messages.length);
      return page;
    };
    return countUnread(reader, mark, idAfter(position), readPage);
  }
}

/** A user who has sent a message has read up to it. Nobody is told about their own marks, nor about the public room. */
function readByOf(
  reader: string,
  { with: peer, last }: ListedConversation,
  mark: string | undefined,
): string | undefined {
  if (peer === "" || peer === reader) return undefined;
  const sent = last?.from === peer ? last.id : "";
  const read = laterOf(mark ?? "", sent);
  return read === "" ? undefined : read;
}
