/** The pattern of usernames (P4), the same as in packages/models. A test compares the two. */
const USERNAME =
  /^(?=[^\p{Default_Ignorable_Code_Point}\u2d7f\u{1107f}\u{11a47}\u{11a99}\u{16fe4}]{1,64}$)(?:\p{L}(?!\p{M}{7}|(?:\p{Mc}*\p{Mn}){5})[\p{Mn}\p{Mc}]*|[\p{Nd}_.@+-])+$/u;

/** Shown for a name that isn't a username. */
export const INVALID_NAME = "A name is 1 to 64 letters of any language, digits, or one of _ . @ + -";

/**
 * Returns a typed name trimmed and composed, or undefined if it isn't a username (P4). The server checks it again.
 */
export function parseName(text: string): string | undefined {
  const name = composeName(text);
  return USERNAME.test(name) ? name : undefined;
}

/** Returns a typed name trimmed and in composed form. Many keyboards type some letters in a different form. */
export function composeName(text: string): string {
  return text.trim().normalize("NFC");
}

/** The number of colours for names, from 1 on. styles/people.css defines them. 0 is the public room's colour. */
const HUES = 7;

/** Returns the number of a name's colour, the same in every browser. FNV-1a tells similar names apart. */
export function hueOf(name: string): number {
  if (name === "") return 0;
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return 1 + ((hash >>> 0) % HUES);
}
