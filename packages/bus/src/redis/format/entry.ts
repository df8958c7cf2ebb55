import {
  type Body,
  type ChangeDraft,
  decodeBody,
  decodeBodyWithMeta,
  decodeChange,
  isChangeKind,
  type LogEntry,
} from "@parley/models";
import type { UnknownEntry } from "../../log-tail.ts";
import { recordOf } from "./replies.ts";
import { idOfEntry } from "./stream-id.ts";

/**
 * The greatest format version of an entry that this version knows (L10, L25). An entry has these fields:
 *
 * - `v`: the format version, 1 for a message without `meta` and 2 for everything else
 * - `k`: the kind of entry if it isn't a message: `edit` or `delete`. Later versions write other kinds
 * - `m`: the entry's Body
 * - `r`: the entry's ref, or ""
 * - `n`, `b`: the numbers of entries and bytes that were appended before this entry. The scripts subtract them from
 *   META's totals to get the size of the backlog, so that entries need not be counted (L7). Readers ignore both fields.
 */
const VERSION = 2;

/** The maximum size of a body in bytes of UTF-8. A whole call that appends has at most this size (L6). */
export const MAX_BODY_BYTES = 256 * 1024;

/** Added to the size of body and ref to get an entry's size. In measurements Redis needed 26 to 98 bytes more. */
export const ENTRY_BYTES = 64;

const MAX_REF_LENGTH = 64;
const QUOTE = '"';
/** The form of a kind. Another text isn't repeated in events, because nobody knows what it is. */
const KIND = /^[a-z]{1,16}$/;

/** A decoded entry. */
export type Entry =
  | { readonly kind: "known"; readonly entry: LogEntry; readonly body: Body }
  /** Written by a newer version of Parley. Only that version can decode it (L10). */
  | { readonly kind: "newer"; readonly entry: UnknownEntry }
  | { readonly kind: "undecodable"; readonly reason: string };

/** Decodes an entry. `fields` are name, value, name, value, as Redis returns them. Never throws. */
export function decodeEntry(streamId: string, fields: readonly string[]): Entry {
  const { v: version, k: what, m: body, r: ref = "" } = recordOf(fields);
  if (version === undefined) return undecodable("no version");
  if (!/^[1-9]\d{0,8}$/.test(version)) return undecodable("bad version");
  if (Number(version) > VERSION || isLaterKind(version, what))
    return {
      kind: "newer",
      entry: { position: streamId, version, ...(what !== undefined && KIND.test(what) && { what }) },
    };
  const id = idOfEntry(streamId);
  if (id === undefined) return undecodable("id too large");
  if (body === undefined) return undecodable("no body");
  // Text in UTF-8 never has fewer bytes than the string has UTF-16 units.
  if (body.length > MAX_BODY_BYTES) return undecodable("body too large");
  if (!isRef(ref)) return undecodable("bad ref");
  const withRef = ref === "" ? {} : { ref };
  if (version !== "1" && what !== undefined) return decodeLogChange(what, id, body, withRef);
  const draft = version === "1" ? decodeBody(body) : decodeBodyWithMeta(body);
  if (!draft) return undecodable("body isn't a message");
  return { kind: "known", entry: { id, ...draft, ...withRef }, body };
}

/** Returns true for a kind that only a later version knows. Entries of version 1 have no kind. */
function isLaterKind(version: string, what: string | undefined): boolean {
  return version !== "1" && what !== undefined && !isChangeKind(what);
}

/** A change whose id isn't above that of its message wasn't appended by Parley, and would come before it (L28). */
function decodeLogChange(kind: string, change: string, body: Body, withRef: { ref?: string }): Entry {
  const draft = isChangeKind(kind) ? decodeChange(kind, body) : undefined;
  if (!draft) return undecodable("body isn't a change");
  if (change <= draft.id) return undecodable("the change isn't after its message");
  return { kind: "known", entry: { ...draft, change, ...withRef }, body };
}

/** A message or a change as it was published. */
export interface Published {
  /** The entry's own position. */
  readonly id: string;
  /** The epoch of the log that the entry is in. Undefined with format 1. */
  readonly epoch: string | undefined;
  /** Undefined for a message. */
  readonly kind: ChangeDraft["kind"] | undefined;
  readonly body: Body;
}

/**
 * Decodes a payload of a live channel (L25): `<stream id> <Body>` for a message with format 1, `<stream id> <epoch> <Body>`
 * for one with format 2, and `<stream id> <epoch> <kind> <Body>` for a change. A Body begins with a quote, an epoch and a
 * kind have none. Returns undefined for any other payload, such as one with a kind that only a later version knows.
 */
export function decodePublished(payload: string): Published | undefined {
  const first = payload.indexOf(" ");
  const id = first < 0 ? undefined : idOfEntry(payload.slice(0, first));
  if (id === undefined) return undefined;
  if (payload[first + 1] === QUOTE)
    return { id, epoch: undefined, kind: undefined, body: payload.slice(first + 1) };
  const second = payload.indexOf(" ", first + 1);
  if (second < 0) return undefined;
  const epoch = payload.slice(first + 1, second);
  if (payload[second + 1] === QUOTE) return { id, epoch, kind: undefined, body: payload.slice(second + 1) };
  const third = payload.indexOf(" ", second + 1);
  const kind = third < 0 ? "" : payload.slice(second + 1, third);
  if (!isChangeKind(kind) || payload[third + 1] !== QUOTE) return undefined;
  return { id, epoch, kind, body: payload.slice(third + 1) };
}

/** Checks the ref's length. Accepts "", which means no ref. Counts characters, as the protocol does (P10). */
function isRef(ref: string): boolean {
  return [...ref.slice(0, 2 * MAX_REF_LENGTH + 1)].length <= MAX_REF_LENGTH;
}

function undecodable(reason: string): Entry {
  return { kind: "undecodable", reason };
}
