import { z } from "zod";
import { content } from "./fields.ts";
import { timestampOf } from "./ids.ts";
import type { Draft, StoredMessage } from "./message.ts";
import { metaAfter, withMeta } from "./meta.ts";
import { isLoggedUsername } from "./username.ts";

/**
 * A message's body in the log: the JSON members `"from":…,"to":…,"content":…` without braces, and last `"meta":…` if
 * there is one (P72). A gateway builds a frame by adding id and timestamp around the body, so it never parses messages
 * that it only forwards.
 */
export type Body = string;

/** Encodes the body of a message. */
export function encodeBody({ from, to, content, meta }: Omit<Draft, "ref">): Body {
  const body = `"from":${JSON.stringify(from)},"to":${JSON.stringify(to)},"content":${JSON.stringify(content)}`;
  return withMeta(body, meta);
}

const bodySchema = z.object({
  from: z.string().refine(isLoggedUsername),
  to: z.string().refine((to) => to === "" || isLoggedUsername(to)),
  // Refuses text that UTF-8 can't encode (P12): a store would return it changed.
  content,
});

/** Decodes a body without `meta`. Returns undefined if it isn't a message; never throws. */
export function decodeBody(body: Body): Omit<Draft, "ref"> | undefined {
  try {
    return bodySchema.safeParse(JSON.parse(`{${body}}`)).data;
  } catch {
    return undefined;
  }
}

/**
 * Decodes the body of a message with `meta` (L25). Returns undefined if it isn't exactly what `encodeBody` makes of one;
 * never throws.
 */
export function decodeBodyWithMeta(body: Body): Omit<Draft, "ref"> | undefined {
  const message = decodeBody(body);
  if (!message) return undefined;
  const plain = encodeBody(message);
  const meta = body.startsWith(plain) ? metaAfter(body, plain.length) : undefined;
  return meta === undefined ? undefined : { ...message, meta };
}

/** Builds the `message` frame (P20). Every recipient gets the same bytes. */
export function messageFrame(id: string, body: Body): string {
  return `{"type":"message","id":"${id}",${body},"timestamp":"${timestampOf(id)}"}`;
}

/** Builds the JSON of a message as history returns it (P50): with its latest alias (P58) and its last change (P75). */
export function messageJson(
  id: string,
  body: Body,
  { also, change, deleted }: Pick<StoredMessage, "also" | "change" | "deleted"> = {},
): string {
  const alias = also === undefined ? "" : `,"also":"${also}"`;
  const changed =
    change === undefined ? "" : `,"change":"${change}","${deleted ? "deleted" : "edited"}":true`;
  return `{"id":"${id}",${body},"timestamp":"${timestampOf(id)}"${alias}${changed}}`;
}
