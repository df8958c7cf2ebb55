import type { Draft, SendRequest } from "@parley/models";

/** Builds the draft of a message that a client sent, over a WebSocket or in a request. */
export function draftOf(
  from: string,
  { to, content, ref }: Pick<SendRequest, "to" | "content"> & { readonly ref?: string | undefined },
): Draft {
  return ref === undefined ? { from, to, content } : { from, to, content, ref };
}
