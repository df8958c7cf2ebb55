import type { Message } from "@parley/client";
import { escapeJson, escapeLine, escapeLines } from "./escape.ts";
import { styled } from "./io.ts";

/** Formats a message for people: time, sender, recipient and text, all escaped. */
export function formatMessage(
  { from, to, content, timestamp }: Message,
  formatTimestamp: (at: Date) => string = formatDateTime,
): string {
  const time = styled("dim", formatTimestamp(new Date(timestamp)));
  const names =
    to === ""
      ? styled("cyan", escapeLine(from))
      : styled("magenta", `${escapeLine(from)} → ${escapeLine(to)}`);
  return `${time} ${names}: ${escapeLines(content)}`;
}

/** Formats a message for programs: one line of JSON with exactly these five fields. */
export function formatMessageJson({ id, from, to, content, timestamp }: Message): string {
  return escapeJson({ id, from, to, content, timestamp });
}

/** Returns `2026-11-25 14:03:21` in this machine's time zone: the format of the Swedish locale. */
function formatDateTime(at: Date): string {
  return at.toLocaleString("sv-SE");
}

/** Returns `14:03` in this machine's time zone. */
export function formatTime(at: Date): string {
  return formatDateTime(at).slice(11, 16);
}
