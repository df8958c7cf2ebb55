import { contentDigest, type LogChange, type LogMessage } from "@parley/models";
import { idAt } from "../messages.ts";

/** The fields of an edit that a test may choose. */
interface EditFields {
  readonly content?: string;
  readonly meta?: string;
  readonly ref?: string;
}

/** Returns an edit of a message with the nth id. The message is given as it was first kept. */
export function editOf(message: LogMessage, n: number, fields: EditFields = {}): LogChange {
  const { from, to, id } = message;
  const digest = contentDigest(message);
  return { kind: "edit", change: idAt(n), from, to, id, digest, content: `edit ${n}`, ...fields };
}

/** Returns a deletion of a message with the nth id. The message is given as it was first kept. */
export function deletionOf(
  message: LogMessage,
  n: number,
  fields: { readonly by?: string; readonly ref?: string } = {},
): LogChange {
  const { from, to, id } = message;
  return { kind: "delete", change: idAt(n), from, to, id, digest: contentDigest(message), ...fields };
}
