import type { LogMessage, StoredMessage } from "@parley/models";
import type { LastMessages } from "@parley/store";

/**
 * Slices of the tail, the one with the latest messages first. Within a slice the messages are in log order. `from` is
 * its first index, and `to` is the index after its last.
 */
export type TailSlices = readonly {
  readonly messages: readonly LogMessage[];
  readonly from: number;
  readonly to: number;
}[];

export interface NewestInTailQuery {
  readonly user: string;
  /** Exclusive id: the page shows conversations whose last message is before it. */
  readonly before: string | undefined;
  readonly limit: number;
  /** The store's page of conversations. The tail may hold newer messages of these conversations. */
  readonly stored: LastMessages;
  /**
   * The messages whose refs have been looked up, by id, as history shows them (P58). False if the message is a duplicate.
   */
  readonly decided: ReadonlyMap<string, StoredMessage | false>;
  /** Maximum number of undecided messages per conversation. */
  readonly maxUndecided: number;
}

export interface NewestInTail {
  /** The last message of each conversation that has newer messages in the tail, by peer, newest first. */
  readonly newestByPeer: ReadonlyMap<string, StoredMessage>;
  /** True if the search stopped because `limit` conversations were found before `before`. */
  readonly isCut: boolean;
  /** Messages with a ref that aren't in `decided`, newest first. Look up their refs, add the results, search again. */
  readonly undecided: readonly LogMessage[];
}

/**
 * Finds the conversations whose last message in the tail is newer than the last message that the store's page shows
 * for them. The store's page may lack such a conversation. If the message is older than `before`, the conversation
 * belongs on the page that is returned. Otherwise it belongs on an earlier page, and is removed from this one.
 */
export function newestInTail(tail: TailSlices, query: NewestInTailQuery): NewestInTail {
  const isRelevant = relevanceTo(tail, query);
  const newestByPeer = new Map<string, StoredMessage>();
  const undecidedByPeer = new Map<string, number>();
  const undecided: LogMessage[] = [];
  let onPage = 0;

  function take(message: LogMessage): void {
    const peer = peerOf(query.user, message);
    const undecidedOfPeer = undecidedByPeer.get(peer) ?? 0;
    if (newestByPeer.has(peer) || undecidedOfPeer >= query.maxUndecided) return;
    const kept = message.ref === undefined ? message : query.decided.get(message.id);
    if (kept === false) return;
    if (undecidedOfPeer === 0 && isBefore(query.before, message)) onPage += 1;
    if (kept) newestByPeer.set(peer, kept);
    else {
      undecided.push(message);
      undecidedByPeer.set(peer, undecidedOfPeer + 1);
    }
  }

  for (const message of newestFirst(tail, query.user, query.stored.next)) {
    if (onPage >= query.limit) return { newestByPeer, isCut: true, undecided };
    if (isRelevant(message)) take(message);
  }
  return { newestByPeer, isCut: false, undecided };
}

/**
 * Returns a function that tells if a message of the tail can change the page. The function excludes:
 * - messages that aren't after the row of their conversation, because they can't be the conversation's last message;
 * - messages at `before` or later, unless their conversation may be on the page.
 */
function relevanceTo(
  tail: TailSlices,
  { user, before, stored }: NewestInTailQuery,
): (message: LogMessage) => boolean {
  const rows = new Map(stored.messages.map((message) => [peerOf(user, message), message.id]));
  const peersOnPage = new Set(rows.keys());
  if (before !== undefined)
    for (const message of newestFirst(tail, user, stored.next))
      if (isBefore(before, message)) peersOnPage.add(peerOf(user, message));
  return (message) => {
    const peer = peerOf(user, message);
    const mayBeOnPage = isBefore(before, message) || peersOnPage.has(peer);
    return mayBeOnPage && (rows.get(peer) ?? "") < message.id;
  };
}

function isBefore(before: string | undefined, { id }: LogMessage): boolean {
  return before === undefined || id < before;
}

/** The other participant of a private conversation of `user`. */
export function peerOf(user: string, { from, to }: LogMessage): string {
  return from === user ? to : from;
}

/** The private messages of `user`, newest first, down to and including the id `downTo`. */
function* newestFirst(tail: TailSlices, user: string, downTo = ""): Generator<LogMessage> {
  for (const { messages, from, to } of tail) {
    for (let at = to - 1; at >= from; at -= 1) {
      const message = messages[at];
      if (!message || message.id < downTo) return;
      if (message.to !== "" && (message.from === user || message.to === user)) yield message;
    }
  }
}
