import { parseName } from "../chat/names.ts";

/** The open conversation. The URL's hash contains it, so that a reload and the back button work as expected. */
export interface Route {
  /** Undefined if no conversation is open. */
  readonly partner: string | undefined;
  /** The text in the name's place, if it isn't a username. */
  readonly invalidName?: string | undefined;
}

/** Parses `#/room` and `#/with/bob`. Any other hash shows the list only. */
export function routeOf(hash: string): Route {
  if (hash === "#/room") return { partner: "" };
  const encoded = /^#\/with\/(.*)$/.exec(hash)?.[1];
  if (encoded === undefined) return { partner: undefined };
  const text = decode(encoded);
  const partner = parseName(text);
  return partner === undefined ? { partner, invalidName: text } : { partner };
}

export function hashOf(partner: string): string {
  return partner === "" ? "#/room" : `#/with/${encodeURIComponent(partner)}`;
}

/** Returns the decoded text, or the text itself if it can't be decoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
