/** The name of the public room's conversation. Private conversations' names differ because they contain a colon. */
export const PUBLIC_CONVERSATION = "public";

/**
 * Returns the name of a message's conversation. Both directions of a private conversation have the same name. `to` ""
 * is the public room. Usernames contain no colon (P4), so two pairs of users never share a name.
 */
export function conversationOf(from: string, to: string): string {
  if (to === "") return PUBLIC_CONVERSATION;
  return from < to ? `${from}:${to}` : `${to}:${from}`;
}

/** Tells if `user` may see a message: everyone sees public ones, sender and recipient see private ones (P20, P53). */
export function isVisibleTo(user: string, message: { readonly from: string; readonly to: string }): boolean {
  return message.to === "" || message.to === user || message.from === user;
}

/**
 * Returns a key for `(conversation, user, ref)`, or undefined without a ref (G2). The user is the sender of a message, and
 * whoever made a change: `by` if that is a moderator. Refs of messages and changes share one space (L5).
 */
export function refKey(draft: {
  readonly from: string;
  readonly to: string;
  readonly by?: string;
  readonly ref?: string;
}): string | undefined {
  if (draft.ref === undefined) return undefined;
  return `${conversationOf(draft.from, draft.to)}\n${draft.by ?? draft.from}\n${draft.ref}`;
}
