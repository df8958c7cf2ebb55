import { conversationOf, type LogMessage, parseId } from "@parley/models";

/** A message as the collection `messages` holds it. */
export interface MessageDocument {
  /** The id. */
  readonly _id: string;
  readonly conversation: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  readonly content: string;
  /** The id's time (L2), for those who look at the collection: nothing here reads it. */
  readonly timestamp: Date;
  /** Not there where the sender gave none: the unique index holds only those that have it. */
  readonly ref?: string;
}

/** A private conversation as the collection `conversations` holds it, one for both of its users. */
export interface ConversationDocument {
  /** The conversation's name. */
  readonly _id: string;
  readonly users: readonly string[];
  /** The id of its last message. */
  readonly last: string;
}

/** `id` is one (isId). */
export function documentOf({ id, from, to, content, ref }: LogMessage): MessageDocument {
  const timestamp = new Date(parseId(id)?.ms ?? Number.NaN);
  const document = { _id: id, conversation: conversationOf(from, to), from, to, content, timestamp };
  return ref === undefined ? document : { ...document, ref };
}

export function messageOf({ _id: id, from, to, content, ref }: MessageDocument): LogMessage {
  const message = { id, from, to, content };
  return ref === undefined ? message : { ...message, ref };
}
