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
  /**
   * The text: at most 8 KiB in UTF-8 unless the server is configured otherwise. `""` if the message was deleted, and only
   * then.
   */
  readonly content: string;
  /** What the sender's application put beside the content (P72). */
  readonly meta?: Meta;
  /** The time at which the message entered the log: ISO 8601 in UTC, as `2025-07-16T14:00:00.123Z`. */
  readonly timestamp: string;
  /**
   * Only in messages from history: the latest id with which this message was acknowledged, and sent live, once more. A
   * sender that repeats a message after the server's dedupe window causes this. Don't show a message with that id.
   */
  readonly also?: string;
  /** The id of the last edit or deletion. Absent if the message was never changed (P75). */
  readonly change?: string;
  /** Present if the last change was an edit: `content` and `meta` are the new ones. */
  readonly edited?: true;
  /** Present if the message was deleted. It keeps its place in history. */
  readonly deleted?: true;
}

/** A JSON object that a message carries for the application: at most 1 KiB as JSON, nested at most 16 deep (P72). */
export type Meta = Readonly<Record<string, unknown>>;

/** An edit or a deletion of a message (P74, P75). */
export interface Change {
  readonly type: "edited" | "deleted";
  /** The change's own position in the log. It may be used as a cursor. */
  readonly change: string;
  /** The time at which the change entered the log: ISO 8601 in UTC. */
  readonly timestamp: string;
  /** The moderator who deleted the message. Absent if its sender changed it. */
  readonly by?: string;
  /**
   * The message as this change leaves it, or as a later change left it already. You may not have the message, for
   * instance because it is older than your cursor.
   */
  readonly message: Message;
}

/** The position of a message or a change in the log: the result of `send`, `edit` and `remove` (P10, P73). */
export interface Receipt {
  /** The id of the message or change, the same that recipients see. */
  readonly id: string;
  /** The time at which the message or change entered the log: ISO 8601 in UTC. */
  readonly timestamp: string;
}

/** A read mark: everything in a conversation is read up to a message (P70). */
export interface ReadMark {
  /** The user who has read. */
  readonly by: string;
  /** The other user of the conversation as `by` sees it, or `""` for the public room. */
  readonly with: string;
  /** The message's id. Marks arrive in any order: the greatest one counts. */
  readonly id: string;
}

/** A frame from the server. */
export type ServerFrame =
  /** `marks` says that the server has read marks. */
  | { readonly type: "ready"; readonly user: string; readonly cursor: string; readonly marks?: true }
  | ({ readonly type: "message" } & Message)
  | ChangeFrame
  | ({ readonly type: "read" } & ReadMark)
  | { readonly type: "marks" }
  | ({ readonly type: "ack"; readonly ref: string } & Receipt)
  | { readonly type: "auth"; readonly expiresAt: string }
  | { readonly type: "pong" }
  | { readonly type: "sync"; readonly cursor: string }
  | { readonly type: "reconnect"; readonly afterMs: number }
  | ErrorFrame;

/** A live change (P74). The timestamp is the change's own. */
export type ChangeFrame =
  | ({ readonly type: "edited"; readonly change: string } & Omit<Message, "change">)
  | ({ readonly type: "deleted"; readonly change: string; readonly by?: string } & Omit<
      Message,
      "change" | "content"
    >);

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
  readonly changes: readonly Change[];
  readonly cursor: string;
  readonly more: boolean;
}

/** Returns the change of a live frame, with its message as the change leaves it. */
export function changeOf(frame: ChangeFrame): Change {
  const { type, change, id, from, to, timestamp } = frame;
  const common = { id, from, to, timestamp: timeOf(id) ?? timestamp };
  if (type === "edited") {
    const { content, meta } = frame;
    const message = { ...common, content, ...(meta && { meta }), change, edited: true } as const;
    return { type, change, timestamp, message };
  }
  const message = { ...common, content: "", change, deleted: true } as const;
  const { by } = frame;
  return { type, change, timestamp, ...(by !== undefined && { by }), message };
}

/** Returns the time of an id, which begins with milliseconds since 1970 (L2). */
function timeOf(id: string): string | undefined {
  return /^\d{13}-/.test(id) ? new Date(Number(id.slice(0, 13))).toISOString() : undefined;
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
