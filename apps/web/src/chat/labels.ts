import type { State } from "@parley/client";
import type { Pending } from "./state.ts";

/** Describes the connection's state. `waiting` is the number of messages that wait for a connection. */
export function connectionLabel(state: State, waiting: number): string {
  switch (state.phase) {
    case "connecting":
      return "Connecting…";
    case "catching-up":
      return state.received === 0
        ? "Catching up…"
        : `Catching up: ${state.received.toLocaleString("en")} messages so far`;
    case "live":
      return "Connected";
    case "offline":
      return waiting === 0
        ? "No connection. You can keep writing."
        : `No connection. ${waiting === 1 ? "1 message waits" : `${waiting} messages wait`}.`;
    case "closed":
      return "Not connected";
  }
}

const FAILURE_REASONS: Readonly<Record<string, string>> = {
  content_too_long: "This message is too long.",
  invalid_message: "This message can't be sent: the name or the text isn't valid.",
  rate_limited: "You have sent too many messages in a short time.",
  backlog_full: "The server can't store more messages right now.",
  ref_reused: "This message was already sent with a different text.",
};

/** Explains why a message didn't go through. */
export function failureReason(code: string | undefined): string {
  return FAILURE_REASONS[code ?? ""] ?? "This message could not be sent.";
}

const CHANGE_REASONS: Readonly<Record<string, string>> = {
  message_deleted: "This message has been deleted.",
  not_found: "This message doesn't exist any more.",
  not_enabled: "This server can't change messages yet.",
  not_supported: "This server can't change messages.",
  content_too_long: "This message is too long.",
  outcome_unknown: "The server did not answer. The change may or may not have been made.",
  not_sent: "There is no connection. The change has not been made.",
};

/** Explains why a message wasn't edited or deleted. */
export function changeFailureReason(code: string): string {
  return CHANGE_REASONS[code] ?? "The change could not be made.";
}

const PERMANENT_CODES = new Set(["content_too_long", "invalid_message", "ref_reused"]);

/** Returns true if the same message may go through at another attempt. */
export function isRetryable({ code }: Pick<Pending, "code">): boolean {
  return !PERMANENT_CODES.has(code ?? "");
}

/** Explains why the client was closed for good. `needsToken` is true if another token helps. */
export function closedReason(code: string | undefined): {
  readonly text: string;
  readonly needsToken: boolean;
} {
  if (code === "token_expired") return { text: "Your token has expired.", needsToken: true };
  if (code === "unauthorized" || code === "token_missing") {
    return { text: "The server does not accept your token.", needsToken: true };
  }
  if (code === "origin_not_allowed") {
    return { text: "The server does not allow this page's address to connect.", needsToken: false };
  }
  return { text: "The server has closed the connection.", needsToken: false };
}
