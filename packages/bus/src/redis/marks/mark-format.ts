import type { MarkName, ReadMark } from "../../marks.ts";
import { idUpTo, isStreamId, streamIdOf } from "../format/stream-id.ts";

/** Returns a mark's field in the hash of unstored marks (L27). Usernames contain no colon (P4). */
export function fieldOf({ user, with: other }: MarkName): string {
  return `${user}:${other}`;
}

/** Decodes fields and values of the hash, in turn. Leaves out what is no mark, which only a manual change can write. */
export function marksOf(fields: readonly string[]): ReadMark[] {
  const marks: ReadMark[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [field = "", streamId = ""] = fields.slice(at, at + 2);
    const colon = field.indexOf(":");
    if (colon > 0 && isStreamId(streamId))
      marks.push({ user: field.slice(0, colon), with: field.slice(colon + 1), id: idUpTo(streamId) });
  }
  return marks;
}

/** Returns the arguments of a mark for the scripts that raise and remove marks. */
export function argsOf({ user, with: other, id }: ReadMark): string[] {
  return [user, other, streamIdOf(id)];
}

/** Decodes a published mark. Returns undefined if the text is none. */
export function decodePublishedMark(payload: string): ReadMark | undefined {
  const [, streamId = "", user = "", other = ""] = /^(\d+-\d+) (\S+) (\S*)$/.exec(payload) ?? [];
  return isStreamId(streamId) ? { user, with: other, id: idUpTo(streamId) } : undefined;
}
