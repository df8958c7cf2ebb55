import type { Message } from "@parley/client";
import { indexOf } from "./lower-bound.ts";
import type { Conversation } from "./state.ts";

/** So many messages of one conversation stay in memory while nobody reads the old ones; more come from history. */
export const MOST_KEPT = 5_000;

/** A conversation's messages with more of them; old ones are forgotten where there are too many and nobody reads them. */
export function kept(conversation: Conversation, more: readonly Message[], mayForget: boolean) {
  const messages = merged(conversation.messages, more);
  if (!mayForget || messages.length <= MOST_KEPT) return { messages };
  // A tenth at once, so that a busy room is not cut at every message.
  return { messages: messages.slice(-MOST_KEPT * 0.9), older: "more" as const };
}

/** Two runs of messages as one, in the order of the log, each once. */
export function merged(some: readonly Message[], others: readonly Message[]): readonly Message[] {
  const [first] = others;
  if (first === undefined) return some;
  if (first.id > (some.at(-1)?.id ?? "")) return [...some, ...others];
  if (others.length === 1) return inserted(some, first);
  const byId = new Map([...some, ...others].map((message) => [message.id, message]));
  if (byId.size === some.length) return some;
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** While catching up beside a page of history messages come one by one into the middle. */
function inserted(some: readonly Message[], message: Message): readonly Message[] {
  const at = indexOf(some, message.id);
  return some[at]?.id === message.id ? some : some.toSpliced(at, 0, message);
}

/** The later one of two. */
export function newer(a: Message | undefined, b: Message | undefined): Message | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.id > a.id ? b : a;
}
