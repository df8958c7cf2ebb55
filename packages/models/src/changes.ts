import { z } from "zod";
import { type Body, encodeBody } from "./body.ts";
import { content } from "./fields.ts";
import { isId } from "./ids.ts";
import { isLoggedUsername } from "./username.ts";

/**
 * Entries of the log beside plain messages (L25). Each has a sender and a recipient, so that every kind has a
 * conversation, channels and a share of the backlog. This version decodes them, and writes and stores none of them.
 */
export type Change = MessageWithMeta | Edit | Deletion | Membership;

/** A message with `meta`, a JSON object as text, which is carried and never looked into (P72). */
interface MessageWithMeta {
  readonly kind: "message";
  readonly from: string;
  readonly to: string;
  readonly content: string;
  readonly meta: string;
}

/** A new content for the message `id`, whose `from` and `to` it repeats (P74). Without `meta`, the message's stays. */
interface Edit {
  readonly kind: "edit";
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly content: string;
  readonly meta?: string;
}

/** The end of the message `id`, whose `from` and `to` it repeats. `by` is the moderator who deleted it (P74). */
interface Deletion {
  readonly kind: "delete";
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly by?: string;
}

/** The user `from` changed the membership of `user` in the room `to` (P82). */
interface Membership {
  readonly kind: "member";
  readonly from: string;
  readonly to: string;
  readonly user: string;
  readonly role?: "owner" | "member";
  readonly action: "joined" | "left" | "role";
}

export const MAX_META_BYTES = 1_024;
const MAX_META_DEPTH = 16;

const name = z.string().refine(isLoggedUsername);
const recipient = z.string().refine((to) => to === "" || isLoggedUsername(to));
const room = z.string().refine((to) => to.startsWith("#") && isLoggedUsername(to.slice(1)));
const id = z.string().refine(isId);

const SCHEMAS = {
  message: z.object({ from: name, to: recipient, content }),
  edit: z.object({ from: name, to: recipient, id, content }),
  delete: z.object({ from: name, to: recipient, id, by: name.optional() }),
  member: z.object({
    from: name,
    to: room,
    user: name,
    role: z.enum(["owner", "member"]).optional(),
    action: z.enum(["joined", "left", "role"]),
  }),
};

/**
 * Encodes a change as the members of a JSON object, as `encodeBody` does for a message. `meta` comes last, unchanged:
 * it isn't parsed and written again, which would change numbers and the order of names. It must satisfy `isMeta`.
 */
export function encodeChange(change: Change): Body {
  switch (change.kind) {
    case "message":
      return withMeta(encodeBody(change), change.meta);
    case "edit": {
      const { from, to, id, content, meta } = change;
      return withMeta(members({ from, to, id, content }), meta);
    }
    case "delete": {
      const { from, to, id, by } = change;
      return members({ from, to, id, by });
    }
    case "member": {
      const { from, to, user, role, action } = change;
      return members({ from, to, user, role, action });
    }
  }
}

/**
 * Decodes a change of this kind. Returns undefined if the kind is unknown, or if the body isn't exactly what
 * `encodeChange` makes. Never throws.
 */
export function decodeChange(kind: string, body: string): Change | undefined {
  if (!isKind(kind)) return undefined;
  try {
    const fields = SCHEMAS[kind].safeParse(JSON.parse(`{${body}}`)).data;
    if (!fields) return undefined;
    const rest = body.slice(members(fields).length);
    const meta = rest.startsWith(META) ? rest.slice(META.length) : undefined;
    if (meta !== undefined && !isMeta(meta)) return undefined;
    const change = { kind, ...fields, ...(meta !== undefined && { meta }) } as Change;
    if (kind === "message" && meta === undefined) return undefined;
    return encodeChange(change) === body ? change : undefined;
  } catch {
    return undefined;
  }
}

/** Tells if a text may be a `meta`: a JSON object, small and not deep (P72). Never throws. */
export function isMeta(text: string): boolean {
  if (new TextEncoder().encode(text).byteLength > MAX_META_BYTES || !text.isWellFormed()) return false;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !Array.isArray(value) && isWithinDepth(value, MAX_META_DEPTH);
  } catch {
    return false;
  }
}

const META = ',"meta":';

function isKind(kind: string): kind is Change["kind"] {
  return Object.hasOwn(SCHEMAS, kind);
}

function withMeta(body: Body, meta: string | undefined): Body {
  return meta === undefined ? body : `${body}${META}${meta}`;
}

/** Writes the defined fields as JSON members, in their order. */
function members(fields: Readonly<Record<string, string | undefined>>): Body {
  return JSON.stringify(fields).slice(1, -1);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isWithinDepth(value: unknown, depth: number): boolean {
  if (!isObject(value)) return true;
  return depth > 0 && Object.values(value).every((inner) => isWithinDepth(inner, depth - 1));
}
