import type { State } from "@parley/client";
import type { Pending } from "./state.ts";

/** What the status line says of a connection. `waits`: how many messages wait for it. */
export function wordsFor(state: State, waits: number): string {
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
      return waits === 0
        ? "No connection. You can go on writing: it leaves when the connection is back."
        : `No connection. ${waits === 1 ? "1 message waits" : `${waits} messages wait`} and will leave when it is back.`;
    case "closed":
      return "Not connected";
  }
}

const REASONS: Readonly<Record<string, string>> = {
  content_too_long: "This message is too long.",
  invalid_message: "This cannot be sent: the name or the text is not valid.",
  rate_limited: "Too many messages in a short time.",
  backlog_full: "The server has too much to store right now.",
  ref_reused: "This message was already sent with another text.",
};

/** Why a message did not go through. */
export function reasonFor(code: string | undefined): string {
  return REASONS[code ?? ""] ?? "This message could not be sent.";
}

const NOT_LIKE_THIS = new Set(["content_too_long", "invalid_message", "ref_reused"]);

/** Whether the same message may go through another time. */
export function mayHelpToRetry({ code }: Pick<Pending, "code">): boolean {
  return !NOT_LIKE_THIS.has(code ?? "");
}

/** What ended a client for good, and whether another token mends it. */
export function closedWords(code: string | undefined): {
  readonly text: string;
  readonly needsToken: boolean;
} {
  if (code === "token_expired") return { text: "Your token has ended.", needsToken: true };
  if (code === "unauthorized" || code === "token_missing") {
    return { text: "The server does not accept your token.", needsToken: true };
  }
  if (code === "origin_not_allowed") {
    return { text: "The server does not let pages of this address connect.", needsToken: false };
  }
  return { text: "The server has ended the connection.", needsToken: false };
}

/** P4, as far as a page can tell; the server has the last word. Undefined for what is no name. */
export function nameIn(text: string): string | undefined {
  const name = text.trim().normalize("NFC");
  return /^[\p{L}\p{Nd}_.@+-]{1,64}$/u.test(name) ? name : undefined;
}

const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export const timeOf = (timestamp: string): string => TIME.format(new Date(timestamp));

/** The day as people say it, in this browser's time zone. */
export function dayOf(timestamp: string, now: Date = new Date()): string {
  const date = new Date(timestamp);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === now.toDateString()) return "Today";
  return date.toDateString() === yesterday.toDateString() ? "Yesterday" : DAY.format(date);
}

/** Today's are told by the hour, others by the day. */
export function briefly(timestamp: string, now: Date = new Date()): string {
  const date = new Date(timestamp);
  return (date.toDateString() === now.toDateString() ? TIME : SHORT_DAY).format(date);
}

/** So many colours there are for names, from 1 on; styles/people.css says which. 0 is the public room's. */
const HUES = 7;

/** The same name has the same colour everywhere (FNV-1a, since names differ in a letter or two). */
export function hueOf(name: string): number {
  if (name === "") return 0;
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return 1 + ((hash >>> 0) % HUES);
}
