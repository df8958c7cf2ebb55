import { conversationOf, parseId, refKey } from "@parley/models";
import type { StoredChange } from "../../change.ts";

/** A document of the collection `changes`. Has no content (P75). */
export interface ChangeDocument {
  /** The change's own id. */
  readonly _id: string;
  readonly conversation: string;
  readonly from: string;
  readonly to: string;
  /** The id that the change names: of a message, or an alias. */
  readonly message: string;
  /** The digest of what the message first was (L28). */
  readonly first: string;
  readonly kind: StoredChange["kind"];
  readonly by?: string;
  readonly ref?: string;
  /** Its `refKey`, by which a repeated change is found. Absent without a ref. */
  readonly key?: string;
  /** The digest of the change itself. */
  readonly digest: string;
  /** The id's time (L2), for people and tools that read the collection. Parley itself doesn't use it. */
  readonly timestamp: Date;
}

/** Converts a change to its document. The id must be valid. */
export function documentOf(change: StoredChange): ChangeDocument {
  const { change: _id, kind, from, to, by, ref, digest: first, ownDigest: digest } = change;
  const key = refKey(change);
  return {
    ...{ _id, conversation: conversationOf(from, to), from, to, message: change.id, first, kind },
    ...(by !== undefined && { by }),
    ...(ref !== undefined && { ref }),
    ...(key !== undefined && { key }),
    ...{ digest, timestamp: new Date(parseId(_id)?.ms ?? Number.NaN) },
  };
}

/** Converts a document to its change. */
export function changeOf(document: ChangeDocument): StoredChange {
  const { _id: change, kind, from, to, by, ref, message: id, first, digest: ownDigest } = document;
  return {
    ...{ change, kind, from, to, id, digest: first },
    ...(by !== undefined && { by }),
    ...(ref !== undefined && { ref }),
    ownDigest,
  };
}
