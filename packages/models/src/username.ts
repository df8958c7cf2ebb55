/** Fast path for ASCII usernames, which are always in composed form. */
const ASCII_USERNAME = /^[A-Za-z0-9_.@+-]{1,64}$/;
/** All usernames, except that the composed form (NFC) is checked separately. */
export const USERNAME = /^[\p{L}\p{Nd}_.@+-]{1,64}$/u;

/** Tells if a value is a username: 1–64 letters, digits and `_ . @ + -` in Unicode's composed form (P4). */
export function isUsername(text: unknown): text is string {
  if (typeof text !== "string") return false;
  return ASCII_USERNAME.test(text) || (USERNAME.test(text) && text.normalize("NFC") === text);
}
