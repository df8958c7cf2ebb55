import { type Body, decodeBody, type LogMessage } from "@parley/models";
import type { UnknownEntry } from "../../log-tail.ts";
import { recordOf } from "./replies.ts";
import { idOfEntry } from "./stream-id.ts";

/**
 * The format version of the log's entries (L10). An entry has these fields:
 *
 * - `v`: the format version. It is 2 for everything that isn't a message, which only later versions write (L25)
 * - `k`: the kind of entry if it isn't a message
 * - `m`: the message's Body
 * - `r`: the message's ref, or ""
 * - `n`, `b`: the numbers of entries and bytes that were appended before this entry. The scripts subtract them from
 *   META's totals to get the size of the backlog, so that entries need not be counted (L7). Readers ignore both fields.
 */
export const VERSION = 1;

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
  | { readonly kind: "message"; readonly message: LogMessage; readonly body: Body }
  /** Written by a newer version of Parley. Only that version can decode it (L10). */
  | { readonly kind: "newer"; readonly entry: UnknownEntry }
  | { readonly kind: "undecodable"; readonly reason: string };

/** Decodes an entry. `fields` are name, value, name, value, as Redis returns them. Never throws. */
export function decodeEntry(streamId: string, fields: readonly string[]): Entry {
  const { v: version, k: what, m: body, r: ref = "" } = recordOf(fields);
  if (version === undefined) return undecodable("no version");
  if (!/^[1-9]\d{0,8}$/.test(version)) return undecodable("bad version");
  if (Number(version) > VERSION)
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
  const draft = decodeBody(body);
  if (!draft) return undecodable("body isn't a message");
  return { kind: "message", message: { id, ...draft, ...(ref !== "" && { ref }) }, body };
}

/** A message as it was published. */
export interface Published {
  readonly id: string;
  /** The epoch of the log that the message is in. Undefined with format 1. */
  readonly epoch: string | undefined;
  readonly body: Body;
}

/**
 * Decodes a payload of a live channel: `<stream id> <Body>` with format 1, `<stream id> <epoch> <Body>` with format 2
 * (L25). A Body begins with a quote, and an epoch has none. Returns undefined for any other payload, such as one with a
 * kind of entry before its body.
 */
export function decodePublished(payload: string): Published | undefined {
  const space = payload.indexOf(" ");
  const id = space < 0 ? undefined : idOfEntry(payload.slice(0, space));
  if (id === undefined) return undefined;
  const second = payload[space + 1] === QUOTE ? space : payload.indexOf(" ", space + 1);
  if (payload[second + 1] !== QUOTE) return undefined;
  const epoch = second === space ? undefined : payload.slice(space + 1, second);
  return { id, epoch, body: payload.slice(second + 1) };
}

/** Checks the ref's length. Accepts "", which means no ref. Counts characters, as the protocol does (P10). */
function isRef(ref: string): boolean {
  return [...ref.slice(0, 2 * MAX_REF_LENGTH + 1)].length <= MAX_REF_LENGTH;
}

function undecodable(reason: string): Entry {
  return { kind: "undecodable", reason };
}
