/** Fast path for ASCII usernames, which are always in composed form. */
const ASCII_USERNAME = /^[A-Za-z0-9_.@+-]{1,64}$/;

/**
 * All usernames, except that the composed form (NFC) is checked separately (P4): 1 to 64 visible characters, which are
 * letters with their marks, digits and punctuation. A letter has at most 6 marks, as many as Burmese needs, of which
 * at most 4 stack above or below the letter. More would cover the lines around the name. The five single characters are
 * joiners and fillers of rare scripts, which are invisible too.
 */
export const USERNAME =
  /^(?=[^\p{Default_Ignorable_Code_Point}\u2d7f\u{1107f}\u{11a47}\u{11a99}\u{16fe4}]{1,64}$)(?:\p{L}(?!\p{M}{7}|(?:\p{Mc}*\p{Mn}){5})[\p{Mn}\p{Mc}]*|[\p{Nd}_.@+-])+$/u;

/**
 * All names that any version of Parley has accepted or may accept. A character that this process doesn't know may be
 * a letter in the Unicode version of the gateway that accepted the name.
 */
const LOGGED_USERNAME = /^[\p{L}\p{M}\p{Nd}\p{Cn}_.@+-]{1,64}$/u;

/** Tells if a value is a username (P4). */
export function isUsername(text: unknown): text is string {
  if (typeof text !== "string") return false;
  return ASCII_USERNAME.test(text) || (USERNAME.test(text) && isComposed(text));
}

/**
 * Tells if a text may be a name in the log. The rule is wider than `isUsername`, so that an acknowledged message stays
 * readable after the rule for new names or the Unicode version has changed (G1, L10).
 */
export function isLoggedUsername(text: string): boolean {
  return ASCII_USERNAME.test(text) || (LOGGED_USERNAME.test(text) && isComposed(text));
}

function isComposed(text: string): boolean {
  return text.normalize("NFC") === text;
}
