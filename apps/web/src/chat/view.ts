import type { Message } from "@parley/client";
import { lowerBound } from "./lower-bound.ts";

/**
 * The part of a conversation that is in the document: at most MAX_SHOWN messages, however many are in memory (G5).
 * Its bounds are ids, so that it stays in place while messages are added before or after it. Without ids, it is the
 * end of the conversation.
 */
export interface View {
  readonly first: string | undefined;
  /** The id of the last message. Undefined: the view ends with the conversation, or after MAX_SHOWN messages. */
  readonly last: string | undefined;
}

/** The indexes of a view's messages. */
export interface Range {
  readonly from: number;
  /** The index after the last message. */
  readonly to: number;
}

/** The number of messages shown at the end of a conversation, and added by one step. */
export const STEP = 60;
export const MAX_SHOWN = 240;

export const atEnd: View = { first: undefined, last: undefined };

export function rangeOf(messages: readonly Message[], { first, last }: View): Range {
  const end = last === undefined ? messages.length : indexAfter(messages, last);
  if (first === undefined) return { from: Math.max(0, end - STEP), to: end };
  const from = lowerBound(messages, first);
  return { from, to: Math.max(from, Math.min(end, from + MAX_SHOWN)) };
}

/** Moves the view one step towards the beginning, as far as messages are in memory. */
export function showOlder(messages: readonly Message[], view: View): View {
  const { from, to } = rangeOf(messages, view);
  const start = Math.max(0, from - STEP);
  return viewOf(messages, { from: start, to: Math.min(to, start + MAX_SHOWN) });
}

/** Moves the view one step towards the end. */
export function showNewer(messages: readonly Message[], view: View): View {
  const { from, to } = rangeOf(messages, view);
  const end = Math.min(messages.length, to + STEP);
  return viewOf(messages, { from: Math.max(from, end - MAX_SHOWN), to: end });
}

/** Fixes the view's first message, so that messages that arrive at the end don't push it out of the view. */
export function hold(messages: readonly Message[], view: View): View {
  return viewOf(messages, rangeOf(messages, view));
}

function viewOf(messages: readonly Message[], { from, to }: Range): View {
  return { first: messages[from]?.id, last: to >= messages.length ? undefined : messages[to - 1]?.id };
}

function indexAfter(messages: readonly Message[], id: string): number {
  const index = lowerBound(messages, id);
  return messages[index]?.id === id ? index + 1 : index;
}
