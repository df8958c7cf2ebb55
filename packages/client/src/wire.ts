/** What travels between client and gateway under `chat.v1`; docs/protocol.md has the rules. */

/** A message as everybody sees it. Ids sort as text in the order of the log. */
export interface Message {
  readonly id: string;
  readonly from: string;
  /** A username, or "" for the public room. */
  readonly to: string;
  readonly content: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

/** Where a message ended up: what an acknowledged send resolves with (P10). */
export interface Receipt {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

export type ServerFrame =
  | { readonly type: "ready"; readonly user: string; readonly cursor: string }
  | ({ readonly type: "message" } & Message)
  | ({ readonly type: "ack"; readonly ref: string } & Receipt)
  | { readonly type: "auth"; readonly expiresAt: string }
  | { readonly type: "pong" }
  | { readonly type: "sync"; readonly cursor: string }
  | { readonly type: "reconnect"; readonly afterMs: number }
  | ErrorFrame;

/** P30. */
export interface ErrorFrame {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  readonly temporary: boolean;
  readonly retryAfterMs?: number;
  readonly ref?: string;
}

/** A private conversation, as `GET /conversations` lists it (P57). */
export interface Conversation {
  readonly with: string;
  readonly last: Message;
}

/** An answer of `GET /conversations` (P57): the newest first; `next` is where there may be more. */
export interface ConversationsPage {
  readonly conversations: readonly Conversation[];
  readonly next?: string;
}

/** An answer of `GET /sync` (P53). */
export interface SyncPage {
  readonly messages: readonly Message[];
  readonly cursor: string;
  readonly more: boolean;
}

/** The frame, or undefined for what this version of the SDK does not know. */
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
