import { type Body, decodeBody, type LogMessage } from "@parley/models";
import { idOfEntry } from "./stream-id.ts";

/**
 * The format version of the log's entries (L10). An entry has these fields:
 *
 * - `v`: the format version
 * - `m`: the message's Body
 * - `r`: its ref, or ""
 * - `n`, `b`: how many entries and bytes were appended before this one. The backlog after any entry is a subtraction of
 *   these from META's totals (L7), so entries need not be counted. Readers ignore the two fields.
 */
export const VERSION = 1;

/** The maximum size of a body in bytes of UTF-8. A call that appends is never larger (L6). */
export const MAX_BODY_BYTES = 256 * 1024;

/** The size that an entry counts for beside its body and ref. Redis needs 26 to 98 bytes, as measured. */
export const ENTRY_BYTES = 64;

const MAX_REF_LENGTH = 64;

/** A decoded entry. */
export type Entry =
  | { readonly kind: "message"; readonly message: LogMessage; readonly body: Body }
  /** Written by a newer version of Parley. Only that version can decode it (L10). */
  | { readonly kind: "newer"; readonly version: string }
  | { readonly kind: "undecodable"; readonly reason: string };

/** Decodes an entry. `fields` are name, value, name, value, as Redis returns them. Never throws. */
export function decodeEntry(streamId: string, fields: readonly string[]): Entry {
  const { v: version, m: body, r: ref = "" } = recordOf(fields);
  if (version === undefined) return undecodable("no version");
  if (!/^[1-9]\d{0,8}$/.test(version)) return undecodable("bad version");
  if (Number(version) > VERSION) return { kind: "newer", version };
  const id = idOfEntry(streamId);
  if (id === undefined) return undecodable("id too large");
  if (body === undefined) return undecodable("no body");
  // UTF-8 never needs fewer bytes than the number of UTF-16 units.
  if (body.length > MAX_BODY_BYTES) return undecodable("body too large");
  if (!isRef(ref)) return undecodable("bad ref");
  const draft = decodeBody(body);
  if (!draft) return undecodable("body isn't a message");
  return { kind: "message", message: { id, ...draft, ...(ref !== "" && { ref }) }, body };
}

/** Decodes a payload of a live channel, `<stream id> <Body>`. Returns undefined for any other payload. */
export function decodePublished(payload: string): { id: string; body: Body } | undefined {
  const space = payload.indexOf(" ");
  if (space < 0) return undefined;
  const id = idOfEntry(payload.slice(0, space));
  return id === undefined ? undefined : { id, body: payload.slice(space + 1) };
}

function recordOf(fields: readonly string[]): Partial<Record<string, string>> {
  const record: Partial<Record<string, string>> = Object.create(null);
  for (let i = 0; i + 1 < fields.length; i += 2) record[fields[i] ?? ""] = fields[i + 1] ?? "";
  return record;
}

/** Accepts "" for no ref. Counts characters, as the protocol does (P10). */
function isRef(ref: string): boolean {
  return [...ref.slice(0, 2 * MAX_REF_LENGTH + 1)].length <= MAX_REF_LENGTH;
}

function undecodable(reason: string): Entry {
  return { kind: "undecodable", reason };
}
