/** The JSON that the server sends under `chat.v1`. docs/protocol.md has the rules. */

/** A chat message, as every recipient sees it. */
export interface Message {
  /**
   * The message's position in the log. Ids sort as text in the order of the log, so the greater of two ids is the
   * later message. An id may be used as a cursor.
   */
  readonly id: string;
  /** The sender's username. */
  readonly from: string;
  /** The recipient's username, or `""` for the public room. */
  readonly to: string;
  /** The text: never empty, and at most 8 KiB in UTF-8 unless the server is configured otherwise. */
  readonly content: string;
  /** The time at which the message entered the log: ISO 8601 in UTC, as `2025-07-16T14:00:00.123Z`. */
  readonly timestamp: string;
  /**
   * Only in messages from history: the latest id with which this message was acknowledged, and sent live, once more. A
   * sender that repeats a message after the server's dedupe window causes this. Don't show a message with that id.
   */
  readonly also?: string;
}

/** The position of an acknowledged message in the log: the result of `send` (P10). */
export interface Receipt {
  /** The message's id, the same that recipients see. */
  readonly id: string;
  /** The time at which the message entered the log: ISO 8601 in UTC. */
  readonly timestamp: string;
}

/** A frame from the server. */
export type ServerFrame =
  | { readonly type: "ready"; readonly user: string; readonly cursor: string }
  | ({ readonly type: "message" } & Message)
  | ({ readonly type: "edited"; readonly change: string } & Message)
  | ({ readonly type: "deleted"; readonly change: string; readonly by?: string } & Omit<Message, "content">)
  | ({ readonly type: "ack"; readonly ref: string } & Receipt)
  | { readonly type: "auth"; readonly expiresAt: string }
  | { readonly type: "pong" }
  | { readonly type: "sync"; readonly cursor: string }
  | { readonly type: "reconnect"; readonly afterMs: number }
  | ErrorFrame;

/** An error that leaves the connection open (P30). */
export interface ErrorFrame {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  readonly temporary: boolean;
  readonly retryAfterMs?: number;
  readonly ref?: string;
}

/** A response of `GET /sync` (P53). */
export interface SyncPage {
  readonly messages: readonly Message[];
  readonly cursor: string;
  readonly more: boolean;
}

/** Tells if a text is well-formed Unicode: every surrogate has its pair. `String.isWellFormed` needs newer browsers. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDFFF]/u.test(text);
}

/**
 * Returns the frame, or undefined if the data isn't a JSON object with a `type`. The caller ignores frames of a type
 * that this version of the SDK doesn't know.
 */
export function parseServerFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === "object" && frame !== null && "type" in frame
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    return undefined;
  }
}
