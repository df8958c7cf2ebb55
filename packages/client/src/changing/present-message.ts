import type { Message } from "../wire.ts";

/**
 * Returns the message as it is now, from two states of the same message: the one that you show, and one that has arrived.
 * A deletion is final, and otherwise the later change counts (P76). The order of the two doesn't matter, so apply it to
 * whatever arrives, in `messages`, in `changes` or from `history`.
 *
 * @param known The message that you have, or undefined if you have none.
 */
export function presentMessage(known: Message | undefined, arrived: Message): Message {
  if (known === undefined) return arrived;
  const present = isLater(arrived, known) ? arrived : known;
  const also = laterOf(known.also, arrived.also);
  return also === present.also || also === undefined ? present : { ...present, also };
}

function isLater(message: Message, other: Message): boolean {
  if (message.deleted !== other.deleted) return message.deleted === true;
  return (message.change ?? "") > (other.change ?? "");
}

function laterOf(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
