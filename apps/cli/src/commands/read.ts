import { setTimeout as delay } from "node:timers/promises";
import type { Conversation, Message, ParleyClient, PublicRoom } from "@parley/client";
import { idAfter, isId } from "@parley/models";
import { connectClient, type ServerOptions } from "../server/connect-client.ts";
import { escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { withRetries } from "./history.ts";
import { parseRecipient } from "./send.ts";

/** How far a conversation is read, and its newest message. */
type ReadState = Omit<PublicRoom, "unread" | "last"> & Pick<Conversation, "unread" | "last">;

/** The time between two looks at what the server knows, in ms. A mark that it knows already is never heard (P70). */
const LOOK_MS = 1_000;
/** The number of attempts to find a conversation that gets messages meanwhile. */
const MAX_LOOKS = 5;

/** Marks a conversation as read up to a message, or all of it, and prints the id up to which the server has it as read. */
export async function read(
  between: string,
  id: string | undefined,
  options: ServerOptions,
  io: Io,
): Promise<void> {
  const partner = parseRecipient(between);
  if (id !== undefined && !isId(id)) {
    throw usageError("[id] must be the id of a message, such as 1752674400123-0000000000-00");
  }
  const client = await connectClient(options, io);
  const look = () => withRetries(options.timeoutMs, io.ended, () => readStateOf(client, partner, io.ended));
  try {
    const state = await look();
    if (!state) return io.note("There is nothing to read: the conversation has no messages.");
    if (id !== undefined) await assertInConversation(client, id, partner, io.ended);
    const upTo = id ?? state.last.id;
    const told = await markRead(client, { partner, upTo, state, look }, options, io.ended);
    io.print(escapeLine(told));
  } finally {
    client.close();
  }
}

interface Mark {
  readonly partner: string;
  readonly upTo: string;
  readonly state: ReadState;
  readonly look: () => Promise<ReadState | undefined>;
}

/** Resolves with the server's own mark once that is at least `upTo`. */
async function markRead(
  client: ParleyClient,
  { partner, upTo, state, look }: Mark,
  { timeoutMs }: ServerOptions,
  ended: AbortSignal,
): Promise<string> {
  let told = state.read ?? "";
  const heard = new AbortController();
  const unsubscribe = client.marks.subscribe(({ by, with: other, id }) => {
    if (by !== client.user || other !== partner || id < upTo) return;
    told = id;
    heard.abort();
  });
  const deadline = performance.now() + timeoutMs;
  if (told < upTo) client.markRead(partner, upTo);
  try {
    while (told < upTo) {
      if (performance.now() > deadline) throw unconfirmed(timeoutMs);
      const signal = AbortSignal.any([ended, heard.signal]);
      // Ignored: the loop looks at what has ended the wait.
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (ended.aborted) throw ended.reason;
      if (told >= upTo) break;
      const { read: seen = "" } = (await look()) ?? {};
      if (seen > told) told = seen;
    }
  } finally {
    unsubscribe();
  }
  return told;
}

/**
 * Returns how far the user has read a conversation, or undefined if it has no messages. Throws a Failure for a server of an
 * earlier version.
 */
export async function readStateOf(
  client: Pick<ParleyClient, "history" | "conversations">,
  partner: string,
  signal: AbortSignal,
): Promise<ReadState | undefined> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const newest = (await client.history(partner, { limit: 1, signal })).messages.at(-1);
    if (!newest) return undefined;
    // The list up to a conversation's newest message begins with it, unless another message came in between.
    const before = partner === "" ? undefined : idAfter(newest.id);
    const page = await client.conversations({ before, limit: 1, signal });
    const found = partner === "" ? page.public : page.conversations.find((each) => each.with === partner);
    if (partner === "" && !found) throw tooOld();
    if (!found?.last) continue;
    if (found.unread === undefined) throw tooOld();
    return { ...found, last: found.last };
  }
  throw new Failure(EXIT.unreachable, "the conversation gets messages too fast to be read: try again");
}

async function assertInConversation(
  client: ParleyClient,
  id: string,
  partner: string,
  signal: AbortSignal,
): Promise<void> {
  const message = await client.message(id, { signal });
  if (partnerIn(message, client.user) !== partner) {
    throw usageError("[id] is the id of a message in another conversation");
  }
}

/** Returns the other user of a message, or "" for one in the public room. */
function partnerIn({ from, to }: Message, user: string | undefined): string {
  return to === "" || from === user ? to : from;
}

function tooOld(): Failure {
  return new Failure(EXIT.refused, "The server has no read marks: its version is too old (not_supported)");
}

function unconfirmed(timeoutMs: number): Failure {
  const seconds = Math.ceil(timeoutMs / 1000);
  return new Failure(
    EXIT.unreachable,
    `The server didn't say within ${seconds} s that it has the mark.`,
    "It may have it. The same command can be repeated safely.",
  );
}
