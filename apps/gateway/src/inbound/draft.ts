import type { Draft, SendRequest } from "@parley/models";

/** The fields of a message that a client sent. */
type SentFields = Pick<SendRequest, "to" | "content" | "meta"> & { readonly ref?: string | undefined };

/** Builds the draft of a message that a client sent, over a WebSocket or in a request. */
export function draftOf(from: string, { to, content, meta, ref }: SentFields): Draft {
  return {
    from,
    to,
    content,
    ...(meta !== undefined && { meta }),
    ...(ref !== undefined && { ref }),
  };
}
