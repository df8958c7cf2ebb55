import type { Change, Message } from "@parley/client";
import { escapeJson, escapeLine, escapeLines } from "./escape.ts";
import { styled } from "./io.ts";

type FormatTimestamp = (at: Date) => string;

/** Formats a message for people: time, sender, recipient and text as it is now, all escaped. */
export function formatMessage(message: Message, formatTimestamp: FormatTimestamp = formatDateTime): string {
  const time = styled("dim", formatTimestamp(new Date(message.timestamp)));
  return `${time} ${namesOf(message)}: ${textOf(message)}`;
}

/** Formats an edit or a deletion for people. The time of its message says which one it changes. */
export function formatChange(change: Change, formatTimestamp: FormatTimestamp = formatDateTime): string {
  const { type, timestamp, by, message } = change;
  const [time, sent] = [timestamp, message.timestamp].map((at) => formatTimestamp(new Date(at)));
  const who = by === undefined ? "" : ` by ${escapeLine(by)}`;
  const what = styled("dim", `${type}${who}, sent ${sent}:`);
  return `${styled("dim", time ?? "")} ${namesOf(message)} ${what} ${textOf({ ...message, edited: undefined })}`;
}

function namesOf({ from, to }: Message): string {
  if (to === "") return styled("cyan", escapeLine(from));
  return styled("magenta", `${escapeLine(from)} → ${escapeLine(to)}`);
}

function textOf({
  content,
  edited,
  deleted,
}: Pick<Message, "content" | "deleted"> & { edited?: unknown }): string {
  if (deleted) return styled("dim", "(deleted)");
  return edited ? `${escapeLines(content)} ${styled("dim", "(edited)")}` : escapeLines(content);
}

/** Formats a message for programs: one line of JSON with these five fields, and those of P72 and P75 if it has them. */
export function formatMessageJson(message: Message): string {
  const { id, from, to, content, timestamp, meta, change, edited, deleted } = message;
  return escapeJson({ id, from, to, content, timestamp, meta, change, edited, deleted });
}

/** Formats a change for programs: one line of JSON with a `type`, which no message has. */
export function formatChangeJson({ type, change, timestamp, by, message }: Change): string {
  return escapeJson({ type, change, timestamp, by, message });
}

/** Returns `2026-11-25 14:03:21` in this machine's time zone: the format of the Swedish locale. */
function formatDateTime(at: Date): string {
  return at.toLocaleString("sv-SE");
}

/** Returns `14:03` in this machine's time zone. */
export function formatTime(at: Date): string {
  return formatDateTime(at).slice(11, 16);
}
