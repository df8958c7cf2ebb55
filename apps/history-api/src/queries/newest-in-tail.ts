import type { LogMessage } from "@parley/models";
import type { LastMessages } from "@parley/store";

/** Stretches of messages, each in log order, the later stretch first. */
export type TailSlices = readonly {
  readonly messages: readonly LogMessage[];
  readonly from: number;
  readonly to: number;
}[];

export interface Overtaking {
  /** By the peer: the last message of each conversation that has moved on in the tail, newest first. */
  readonly overtaking: ReadonlyMap<string, LogMessage>;
  /** There are as many before `before` as were asked for: older ones were not looked for. */
  readonly isCut: boolean;
  /** Newest first: whether the store will keep these has to be known first. */
  readonly unjudged: readonly LogMessage[];
}

export interface Wanted {
  readonly user: string;
  readonly before: string | undefined;
  readonly limit: number;
  /** The store's page, which the tail moves on. */
  readonly stored: LastMessages;
  /** By id, of messages with a ref: whether the store keeps it, or has it under another one's id. */
  readonly judged: ReadonlyMap<string, boolean>;
  /** How many messages of one conversation may wait to be judged. */
  readonly depth: number;
}

/** Which conversations of a page the tail moves on: onto the page, or, to `before` and beyond, away from it. */
export function newestInTail(tail: TailSlices, wanted: Wanted): Overtaking {
  const concernsPage = concerning(tail, wanted);
  const overtaking = new Map<string, LogMessage>();
  const waiting = new Map<string, number>();
  const unjudged: LogMessage[] = [];
  let onPage = 0;

  function take(message: LogMessage): void {
    const peer = peerOf(wanted.user, message);
    const waits = waiting.get(peer) ?? 0;
    if (overtaking.has(peer) || waits >= wanted.depth) return;
    const isKept = message.ref === undefined || wanted.judged.get(message.id);
    if (isKept === false) return;
    if (waits === 0 && isBefore(wanted.before, message)) onPage += 1;
    if (isKept) overtaking.set(peer, message);
    else {
      unjudged.push(message);
      waiting.set(peer, waits + 1);
    }
  }

  for (const message of newestFirst(tail, wanted.user, wanted.stored.next)) {
    if (onPage >= wanted.limit) return { overtaking, isCut: true, unjudged };
    if (concernsPage(message)) take(message);
  }
  return { overtaking, isCut: false, unjudged };
}

/**
 * Which messages of the tail a page has to do with: not those that a row has passed already, since the row has them, or
 * what the store keeps in their place; and at `before` and beyond only those of conversations that it might show.
 */
function concerning(tail: TailSlices, { user, before, stored }: Wanted): (message: LogMessage) => boolean {
  const rows = new Map(stored.messages.map((message) => [peerOf(user, message), message.id]));
  const peers = new Set(rows.keys());
  if (before !== undefined)
    for (const message of newestFirst(tail, user, stored.next))
      if (isBefore(before, message)) peers.add(peerOf(user, message));
  return (message) => {
    const peer = peerOf(user, message);
    const mayBeShown = isBefore(before, message) || peers.has(peer);
    return mayBeShown && (rows.get(peer) ?? "") < message.id;
  };
}

function isBefore(before: string | undefined, { id }: LogMessage): boolean {
  return before === undefined || id < before;
}

/** The other one of a private conversation of `user`'s. */
export function peerOf(user: string, { from, to }: LogMessage): string {
  return from === user ? to : from;
}

/** The private messages of the user, down to `downTo`. */
function* newestFirst(tail: TailSlices, user: string, downTo = ""): Generator<LogMessage> {
  for (const { messages, from, to } of tail) {
    for (let at = to - 1; at >= from; at -= 1) {
      const message = messages[at];
      if (!message || message.id < downTo) return;
      if (message.to !== "" && (message.from === user || message.to === user)) yield message;
    }
  }
}
