import { type Body, decodeBody, type LogMessage } from "@parley/models";
import { idOfEntry } from "./stream-id.ts";

/**
 * The form of the log's entries (L10), and of what is published beside them.
 *
 * Fields: `v` the format's version, `m` the message's Body, `r` its ref or "", and `n` and `b`: how many
 * entries and bytes had been appended before this one. With these the backlog after any entry is a subtraction from
 * META's totals (L7), without counting entries; a reader has no use for them.
 */
export const VERSION = 1;

/** The largest body of an entry in bytes of UTF-8: a call that appends is never longer (L6). */
export const MAX_BODY_BYTES = 256 * 1024;

/** What an entry takes in Redis beside its body and ref, measured: 26 to 98 bytes. */
export const ENTRY_BYTES = 64;

const MAX_REF_LENGTH = 64;

export type Entry =
  | { readonly kind: "message"; readonly message: LogMessage; readonly body: Body }
  /** Written by a newer Parley: not ours to judge (L10). */
  | { readonly kind: "newer"; readonly version: string }
  | { readonly kind: "undecodable"; readonly reason: string };

/** `fields` as Redis gives them: name, value, name, value. Never throws, whatever is in them. */
export function decodeEntry(streamId: string, fields: readonly string[]): Entry {
  const { v: version, m: body, r: ref = "" } = named(fields);
  if (version === undefined) return undecodable("no version");
  if (!/^[1-9]\d{0,8}$/.test(version)) return undecodable("bad version");
  if (Number(version) > VERSION) return { kind: "newer", version };
  const id = idOfEntry(streamId);
  if (id === undefined) return undecodable("position beyond the width of an id");
  if (body === undefined) return undecodable("no body");
  // A body of that many UTF-16 units has at least as many bytes.
  if (body.length > MAX_BODY_BYTES) return undecodable("body too large");
  if (!isRef(ref)) return undecodable("bad ref");
  const draft = decodeBody(body);
  if (!draft) return undecodable("body is no message");
  return { kind: "message", message: { id, ...draft, ...(ref !== "" && { ref }) }, body };
}

/** What a live channel carries, `<stream id> <Body>`; undefined for anything else that was published there. */
export function decodePublished(payload: string): { id: string; body: Body } | undefined {
  const space = payload.indexOf(" ");
  if (space < 0) return undefined;
  const id = idOfEntry(payload.slice(0, space));
  return id === undefined ? undefined : { id, body: payload.slice(space + 1) };
}

function named(fields: readonly string[]): Partial<Record<string, string>> {
  const record: Partial<Record<string, string>> = Object.create(null);
  for (let i = 0; i + 1 < fields.length; i += 2) record[fields[i] ?? ""] = fields[i + 1] ?? "";
  return record;
}

/** Or "" for none. A ref is counted in characters, as the protocol does (P10). */
function isRef(ref: string): boolean {
  return [...ref.slice(0, 2 * MAX_REF_LENGTH + 1)].length <= MAX_REF_LENGTH;
}

function undecodable(reason: string): Entry {
  return { kind: "undecodable", reason };
}
