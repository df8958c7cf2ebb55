import { conversationOf, type LogMessage, parseId } from "@parley/models";

/** A document of the collection `messages`. */
export interface MessageDocument {
  /** The message's id. */
  readonly _id: string;
  readonly conversation: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  readonly content: string;
  /** The id's time (L2), for people and tools that read the collection. Parley itself doesn't use it. */
  readonly timestamp: Date;
  /** Absent if the sender set no ref, because the unique index contains only documents that have this field. */
  readonly ref?: string;
}

/** A document of the collection `conversations`: a private conversation, shared by its two users. */
export interface ConversationDocument {
  /** The conversation's name. */
  readonly _id: string;
  readonly users: readonly string[];
  /** The id of the conversation's last message. */
  readonly last: string;
}

/** Converts a message to its document. The id must be valid. */
export function documentOf({ id, from, to, content, ref }: LogMessage): MessageDocument {
  const timestamp = new Date(parseId(id)?.ms ?? Number.NaN);
  const document = { _id: id, conversation: conversationOf(from, to), from, to, content, timestamp };
  return ref === undefined ? document : { ...document, ref };
}

/** Converts a document to its message. */
export function messageOf({ _id: id, from, to, content, ref }: MessageDocument): LogMessage {
  const message = { id, from, to, content };
  return ref === undefined ? message : { ...message, ref };
}
