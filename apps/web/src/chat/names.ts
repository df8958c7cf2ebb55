/**
 * Returns a typed name trimmed and composed, or undefined if it isn't a username (P4). The server decides finally.
 */
export function parseName(text: string): string | undefined {
  const name = text.trim().normalize("NFC");
  return /^[\p{L}\p{Nd}_.@+-]{1,64}$/u.test(name) ? name : undefined;
}

/** The number of colours for names, from 1 on. styles/people.css defines them. 0 is the public room's colour. */
const HUES = 7;

/** Returns the colour of a name, the same everywhere. It uses FNV-1a because names often differ by a letter only. */
export function hueOf(name: string): number {
  if (name === "") return 0;
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return 1 + ((hash >>> 0) % HUES);
}
