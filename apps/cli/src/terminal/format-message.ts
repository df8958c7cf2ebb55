import type { Message } from "@parley/client";
import { printable, printableJson, printableLines } from "./escape.ts";
import { styled } from "./io.ts";

/** A message for people: when, who to whom, what. Text of others is made harmless. */
export function messageLine(
  { from, to, content, timestamp }: Message,
  clock: (at: Date) => string = dayAndTime,
): string {
  const when = styled("dim", clock(new Date(timestamp)));
  const who = styled(
    to === "" ? "cyan" : "magenta",
    to === "" ? printable(from) : `${printable(from)} → ${printable(to)}`,
  );
  return `${when} ${who}: ${printableLines(content)}`;
}

/** A message for programs: one line, with just its five fields. */
export function messageJson({ id, from, to, content, timestamp }: Message): string {
  return printableJson({ id, from, to, content, timestamp });
}

/** `2026-11-25 14:03:21`, in this machine's time zone: Sweden writes it so. */
function dayAndTime(at: Date): string {
  return at.toLocaleString("sv-SE");
}

/** `14:03` */
export function timeOfDay(at: Date): string {
  return dayAndTime(at).slice(11, 16);
}
