import { z } from "zod";
import { content, recipient, username } from "./fields.ts";
import { timestampOf } from "./ids.ts";
import type { Draft } from "./message.ts";

/**
 * A message's body as it travels: the JSON members `"from":…,"to":…,"content":…` without braces. A gateway puts
 * the id before it and the timestamp behind it and has the frame, without parsing what only passes through.
 */
export type Body = string;

export function encodeBody({ from, to, content }: Omit<Draft, "ref">): Body {
  return `"from":${JSON.stringify(from)},"to":${JSON.stringify(to)},"content":${JSON.stringify(content)}`;
}

const bodySchema = z.object({
  from: username,
  to: recipient,
  // Text that UTF-8 cannot hold (P12) would not come back from a store as it went in.
  content,
});

/** The body's message, or undefined where it is none: never throws, whatever the bytes. */
export function decodeBody(body: string): Omit<Draft, "ref"> | undefined {
  try {
    return bodySchema.safeParse(JSON.parse(`{${body}}`)).data;
  } catch {
    return undefined;
  }
}

/** The frame of P20, the same bytes for everyone who gets it. */
export function messageFrame(id: string, body: Body): string {
  return `{"type":"message","id":"${id}",${body},"timestamp":"${timestampOf(id)}"}`;
}

/** The message as history writes it (P50), as JSON. */
export function messageJson(id: string, body: Body): string {
  return `{"id":"${id}",${body},"timestamp":"${timestampOf(id)}"}`;
}
