import { type Message, presentMessage } from "@parley/client";
import { lowerBound } from "./lower-bound.ts";
import type { Conversation } from "./state.ts";

/** The maximum number of messages per conversation in memory, unless the user is reading old messages (G5). */
export const MAX_IN_MEMORY = 5_000;

/**
 * Adds messages to a conversation. With `mayForget`, drops the oldest messages if there are more than the maximum.
 * Dropped messages can be read from history again.
 */
export function addMessages(conversation: Conversation, more: readonly Message[], mayForget: boolean) {
  const messages = mergeMessages(conversation.messages, more);
  if (!mayForget || messages.length <= MAX_IN_MEMORY) return { messages };
  // Drops a tenth at once, so that a busy room isn't copied for every message.
  return { messages: messages.slice(-MAX_IN_MEMORY * 0.9), older: "more" as const };
}

/**
 * Merges two sorted lists of messages into one, in log order and without duplicates. Of a message in both lists, keeps
 * its present state (P76). Leaves out a live message that
 * repeats one from history, whose `also` is its id (P58).
 */
export function mergeMessages(some: readonly Message[], others: readonly Message[]): readonly Message[] {
  const [first] = others;
  if (first === undefined) return some;
  const aliases = new Set<string>();
  for (const list of [some, others]) for (const { also } of list) if (also !== undefined) aliases.add(also);
  if (aliases.size > 0) return mergeById(some, others).filter(({ id }) => !aliases.has(id));
  if (first.id > (some.at(-1)?.id ?? "")) return [...some, ...others];
  if (others.length === 1) return insertMessage(some, first);
  const merged = mergeById(some, others);
  const isSame = merged.length === some.length && merged.every((message, at) => message === some[at]);
  return isSame ? some : merged;
}

function mergeById(some: readonly Message[], others: readonly Message[]): readonly Message[] {
  const byId = new Map(some.map((message) => [message.id, message]));
  for (const message of others) byId.set(message.id, presentMessage(byId.get(message.id), message));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Inserts one message. While the client catches up, a newer page of history may be in the list already, so the
 * message may belong in the middle.
 */
function insertMessage(some: readonly Message[], message: Message): readonly Message[] {
  const at = lowerBound(some, message.id);
  const known = some[at]?.id === message.id ? some[at] : undefined;
  if (known === undefined) return some.toSpliced(at, 0, message);
  const present = presentMessage(known, message);
  return present === known ? some : some.map((one) => (one === known ? present : one));
}

/** Applies a change of a message to a conversation that has this message. */
export function changeMessage(conversation: Conversation, message: Message): Conversation {
  const { messages, last } = conversation;
  const isKnown = messages[lowerBound(messages, message.id)]?.id === message.id;
  return {
    ...conversation,
    messages: isKnown ? insertMessage(messages, message) : messages,
    last: last?.id === message.id ? presentMessage(last, message) : last,
  };
}

/** Returns the later one of two messages, or the present state of one message. */
export function laterOf(a: Message | undefined, b: Message | undefined): Message | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.id === b.id) return presentMessage(a, b);
  return b.id > a.id ? b : a;
}
