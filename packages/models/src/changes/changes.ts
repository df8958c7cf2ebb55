import { z } from "zod";
import type { Body } from "../body.ts";
import { DIGEST } from "../digest.ts";
import { content } from "../fields.ts";
import { isId, timestampOf } from "../ids.ts";
import type { Draft, LogMessage } from "../message.ts";
import { metaAfter, withMeta } from "../meta.ts";
import { isLoggedUsername } from "../username.ts";

/**
 * The kinds of entry beside messages (L25). Each has a sender and a recipient, those of its message, so that every kind
 * has a conversation, channels and a share of the backlog.
 */
export type ChangeDraft = Edit | Deletion;

/**
 * A new content for the message `id`, whose `from` and `to` it repeats (P74). It says all that the message has from then
 * on: without `meta`, the message has none. If an absent `meta` stayed instead, two edits would give another result when
 * they are stored in another order, and the highest change would not win alone (P76).
 */
export interface Edit {
  readonly kind: "edit";
  readonly from: string;
  readonly to: string;
  /** The message that it changes. */
  readonly id: string;
  /** The digest of what the message first was: see `contentDigest` (L29). */
  readonly digest: string;
  readonly content: string;
  readonly meta?: string;
  /** The sender's own name for this change. It shares its space with the refs of messages (L5). */
  readonly ref?: string;
}

/** The end of the message `id`, whose `from` and `to` it repeats (P74). */
export interface Deletion {
  readonly kind: "delete";
  readonly from: string;
  readonly to: string;
  /** The message that it deletes. */
  readonly id: string;
  /** The digest of what the message first was: see `contentDigest` (L29). */
  readonly digest: string;
  /** The moderator who deleted the message. Absent if its sender did. */
  readonly by?: string;
  /** The name that the user who made this change gave to it. It shares its space with the refs of messages (L5). */
  readonly ref?: string;
}

/** A change in the log: a draft with its own position, which lies above that of its message (L28). */
export type LogChange = ChangeDraft & { readonly change: string };

/** A draft of an entry of any kind. */
export type EntryDraft = Draft | ChangeDraft;

/** An entry of any kind. */
export type LogEntry = LogMessage | LogChange;

export const CHANGE_KINDS = ["edit", "delete"] as const satisfies readonly ChangeDraft["kind"][];

/** Tells if a text names a kind of change. */
export function isChangeKind(kind: string): kind is ChangeDraft["kind"] {
  return CHANGE_KINDS.some((known) => known === kind);
}

/** Tells changes from messages, among entries as among drafts. */
export function isChange<T extends EntryDraft | LogEntry>(entry: T): entry is Extract<T, ChangeDraft> {
  return "kind" in entry;
}

/** Returns an entry's own position in the log. */
export function positionOf(entry: LogEntry): string {
  return isChange(entry) ? entry.change : entry.id;
}

const target = {
  from: z.string().refine(isLoggedUsername),
  to: z.string().refine((to) => to === "" || isLoggedUsername(to)),
  id: z.string().refine(isId),
  digest: z.string().regex(DIGEST),
};

const SCHEMAS = {
  edit: z.object({ ...target, content }),
  delete: z.object({ ...target, by: target.from.optional() }),
};

/** Encodes a change as the members of a JSON object, as `encodeBody` does for a message. Leaves out the ref. */
export function encodeChange(change: ChangeDraft): Body {
  const { from, to, id, digest } = change;
  if (change.kind === "delete") return members({ from, to, id, digest, by: change.by });
  return withMeta(members({ from, to, id, digest, content: change.content }), change.meta);
}

/** Decodes a change. Returns undefined if the body isn't exactly what `encodeChange` makes; never throws. */
export function decodeChange(kind: ChangeDraft["kind"], body: Body): ChangeDraft | undefined {
  try {
    const fields = SCHEMAS[kind].safeParse(JSON.parse(`{${body}}`)).data;
    if (!fields) return undefined;
    const meta = kind === "edit" ? metaAfter(body, members(fields).length) : undefined;
    const change = { kind, ...fields, ...(meta !== undefined && { meta }) } as ChangeDraft;
    return encodeChange(change) === body ? change : undefined;
  } catch {
    return undefined;
  }
}

/** The names of changes in frames and responses (P74, P75). */
export const CHANGE_TYPES = { edit: "edited", delete: "deleted" } as const satisfies Record<
  ChangeDraft["kind"],
  string
>;
const DIGEST_MEMBER = ',"digest":"';
/** The member with its value and its last quote. */
const DIGEST_LENGTH = `${DIGEST_MEMBER}01234567890"`.length;

/**
 * Builds the `edited` or `deleted` frame (P74) from the body of the change whose own id is `change`. Leaves out the
 * digest, which is for stores. No member before the digest can contain a quote, so the digest is found as text.
 */
export function changeFrame(kind: ChangeDraft["kind"], change: string, body: Body): string {
  const at = body.indexOf(DIGEST_MEMBER);
  const shown = at < 0 ? body : body.slice(0, at) + body.slice(at + DIGEST_LENGTH);
  return `{"type":"${CHANGE_TYPES[kind]}","change":"${change}",${shown},"timestamp":"${timestampOf(change)}"}`;
}

/** Writes the defined fields as JSON members, in their order. */
function members(fields: Readonly<Record<string, string | undefined>>): Body {
  return JSON.stringify(fields).slice(1, -1);
}
