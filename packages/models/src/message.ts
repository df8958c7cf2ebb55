/** A message as history answers it and clients see it (P20, P50). */
export interface Message {
  /** Its position in the log as text; see ids.ts. */
  readonly id: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  readonly content: string;
  /** ISO 8601 with milliseconds, UTC: the id's time (L2). */
  readonly timestamp: string;
}

/** What a sender asks for: a message that has no place in the log yet (P10). */
export interface Draft {
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** The sender's own name for this message, unique per sender and conversation; what makes a retry safe (G2). */
  readonly ref?: string;
}

/** A draft with its place in the log: what the log holds and the store is given. */
export interface LogMessage extends Draft {
  readonly id: string;
}
