import type { Message } from "@parley/client";
import { indexOf } from "./lower-bound.ts";

/**
 * Which part of a conversation is in the document: never more than MOST messages, however many there are in memory.
 * It is named by ids, so that it stays where it is while others come before or behind it. Without ids it is the end.
 */
export interface View {
  readonly first: string | undefined;
  /** Undefined: up to the end, as far as there is room. */
  readonly last: string | undefined;
}

export interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** At the end of a conversation so many are shown, and one step shows as many more. */
export const STEP = 60;
export const MOST = 240;

export const atEnd: View = { first: undefined, last: undefined };

export function rangeOf(messages: readonly Message[], { first, last }: View): Range {
  const end = last === undefined ? messages.length : indexAfter(messages, last);
  if (first === undefined) return { from: Math.max(0, end - STEP), to: end };
  const from = indexOf(messages, first);
  return { from, to: Math.max(from, Math.min(end, from + MOST)) };
}

/** One step towards the beginning, as far as there are messages in memory. */
export function showOlder(messages: readonly Message[], view: View): View {
  const { from, to } = rangeOf(messages, view);
  const start = Math.max(0, from - STEP);
  return viewOf(messages, { from: start, to: Math.min(to, start + MOST) });
}

/** One step towards the end. */
export function showNewer(messages: readonly Message[], view: View): View {
  const { from, to } = rangeOf(messages, view);
  const end = Math.min(messages.length, to + STEP);
  return viewOf(messages, { from: Math.max(from, end - MOST), to: end });
}

/** The same messages, held where they are while more come. */
export function hold(messages: readonly Message[], view: View): View {
  return viewOf(messages, rangeOf(messages, view));
}

function viewOf(messages: readonly Message[], { from, to }: Range): View {
  return { first: messages[from]?.id, last: to >= messages.length ? undefined : messages[to - 1]?.id };
}

function indexAfter(messages: readonly Message[], id: string): number {
  const index = indexOf(messages, id);
  return messages[index]?.id === id ? index + 1 : index;
}
