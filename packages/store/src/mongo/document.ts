import {
  contentDigest,
  conversationOf,
  type LogMessage,
  parseId,
  type RevocationEntry,
  refKey,
  type StoredMessage,
} from "@parley/models";
import type { Sent } from "../conversation-updates.ts";
import type { BackfillSubject } from "../events.ts";

/** A document of the collection `messages`. */
export interface MessageDocument {
  /** The message's id. */
  readonly _id: string;
  readonly conversation: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  /** Today's content: "" once the message is deleted. */
  readonly content: string;
  /** JSON text (P72). */
  readonly meta?: string;
  /** The id's time (L2), for people and tools that read the collection. Parley itself doesn't use it. */
  readonly timestamp: Date;
  /** Absent if the sender set no ref, because the index of format 1 contains only documents that have this field. */
  readonly ref?: string;
  /** See `keyOf`. Absent in documents of earlier versions, until `upgrade` has added it. */
  readonly key?: string;
  /** Digest of what was stored first (L29). Absent as `key`, until `upgrade` or the first change has added both. */
  readonly digest?: string;
  /** The id of the last change that counts (P76). Absent if the message was never changed. */
  readonly change?: string;
  /** Present once the message is deleted. */
  readonly deleted?: true;
  /** The greatest alias of the message (P58). */
  readonly also?: string;
}

/** A document of the collection `aliases`: an id that was acknowledged, and the id of the message that it stands for. */
export interface AliasDocument {
  readonly _id: string;
  readonly of: string;
}

/** A document of the collection `conversations`: a private conversation, shared by its two users. */
export interface ConversationDocument extends Sent {
  /** The conversation's name. */
  readonly _id: string;
  readonly users: readonly string[];
  /** The id of the conversation's last message. */
  readonly last: string;
}

/** A document of the collection `revocations` (L26). */
export interface RevocationDocument extends RevocationEntry {
  /** The kind and the user, separated by a space. */
  readonly _id: string;
}

/** A document of the collection `marks`: a read mark. */
export interface MarkDocument {
  /** See `markKey`. */
  readonly _id: string;
  /** The message up to which the user has read. */
  readonly id: string;
}

/** A document of the collection `progress`: says how far a backfill has come. It survives the processes that run the backfill. */
export interface ProgressDocument {
  readonly _id: BackfillSubject;
  readonly upTo: string;
}

/** Converts a message to its document. The id must be valid. */
export function documentOf(message: LogMessage): MessageDocument {
  const { id, from, to, content, meta, ref } = message;
  const timestamp = new Date(parseId(id)?.ms ?? Number.NaN);
  return {
    ...{ _id: id, conversation: conversationOf(from, to), from, to, content },
    ...(meta !== undefined && { meta }),
    timestamp,
    ...(ref !== undefined && { ref }),
    ...addedFields(message),
  };
}

/** Returns the fields that documents of earlier versions lack. A document without a digest has its first content. */
export function addedFields(message: StoredMessage): { readonly key: string; readonly digest: string } {
  return { key: keyOf(message), digest: message.digest ?? contentDigest(message) };
}

/**
 * Returns the text by which a message is unique: its `(conversation, from, ref)` or, without a ref, its id. The tags
 * keep the two apart. So an ordinary unique index makes refs unique (G2), and one query finds refs of any conversation.
 */
export function keyOf(message: LogMessage): string {
  const key = refKey(message);
  return key === undefined ? `i:${message.id}` : `r:${key}`;
}

/** A document whose content may not have been read. */
type ReadDocument = Omit<MessageDocument, "content"> & Partial<Pick<MessageDocument, "content">>;

/** Converts a document to its message. The content is "" if it wasn't read. */
export function messageOf(document: ReadDocument): StoredMessage {
  const { _id: id, from, to, content = "", meta, ref, digest, also, change, deleted } = document;
  const message = { id, from, to, content };
  return {
    ...message,
    ...(meta !== undefined && { meta }),
    ...(ref !== undefined && { ref }),
    ...(digest !== undefined && { digest }),
    ...(also !== undefined && { also }),
    ...(change !== undefined && { change }),
    ...(deleted && { deleted }),
  };
}
