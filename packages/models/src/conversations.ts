/** The public room, as a conversation. No private conversation's name equals it: those contain a colon. */
export const PUBLIC_CONVERSATION = "public";

/**
 * The name of the conversation that a message belongs to: the same for both directions of a private one. `to` ""
 * is the public room. Both are usernames (P4), which hold no colon, so two pairs never share a name.
 */
export function conversationOf(from: string, to: string): string {
  if (to === "") return PUBLIC_CONVERSATION;
  return from < to ? `${from}:${to}` : `${to}:${from}`;
}

/** Whether `user` may see a message: everybody the public ones, sender and recipient the private ones (P20, P53). */
export function isVisibleTo(user: string, message: { readonly from: string; readonly to: string }): boolean {
  return message.to === "" || message.to === user || message.from === user;
}

/** Identifies a message by what its sender called it (G2), or undefined where it has no ref. */
export function refKey(draft: {
  readonly from: string;
  readonly to: string;
  readonly ref?: string;
}): string | undefined {
  if (draft.ref === undefined) return undefined;
  return `${conversationOf(draft.from, draft.to)}\n${draft.from}\n${draft.ref}`;
}
