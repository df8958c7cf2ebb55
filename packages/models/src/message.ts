/** A message as clients and history responses show it (P20, P50). */
export interface Message {
  /** The message's position in the log; see ids.ts. */
  readonly id: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  readonly content: string;
  /** The id's time: ISO 8601 with milliseconds, UTC (L2). */
  readonly timestamp: string;
}

/** A message that a client sent and that has no position in the log yet (P10). */
export interface Draft {
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** A JSON object as text, which is carried and never looked into (P72). It satisfies `isMeta`. */
  readonly meta?: string;
  /** The sender's own name for this message, unique per sender and conversation. Makes retries safe (G2). */
  readonly ref?: string;
}

/** A message in the log or in the store: a draft with its position. */
export interface LogMessage extends Draft {
  readonly id: string;
}

/** A message as a store returns it. Its `content` and `meta` are today's. A deleted message has content "" and no meta. */
export interface StoredMessage extends LogMessage {
  /** The digest of what was stored first (L29). Absent if it was stored by an earlier version, and never changed. */
  readonly digest?: string;
  /** The greatest id under which the message was acknowledged again, after the dedupe window (P58). */
  readonly also?: string;
  /** The id of the last change. Absent if the message was never changed (P75). */
  readonly change?: string;
  /** Present if the last change deleted the message. Nothing changes it afterwards (P76). */
  readonly deleted?: true;
}
