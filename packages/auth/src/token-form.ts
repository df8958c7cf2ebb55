/**
 * Maximum length of a token, ample for tokens with many claims. A longer token is refused without any other check.
 */
export const MAX_TOKEN_LENGTH = 16_384;

const THREE_PARTS = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Tells if a text has the form of a signed token: three parts in base64url, without padding (RFC 7515). Decoders
 * accept more than this form, so without this check one token would have many spellings. The check runs before any
 * other work. Its time grows with the token's length, which is bounded.
 *
 * A token with an empty signature passes this check. It is refused later, because of its algorithm `none`.
 */
export function hasTokenForm(token: string): boolean {
  return token.length <= MAX_TOKEN_LENGTH && THREE_PARTS.test(token) && token.split(".").every(isCanonical);
}

/** Tells if the last letter of a part contains no bits that a decoder would drop. */
function isCanonical(part: string): boolean {
  const unusedBits = [0, undefined, 4, 2][part.length % 4];
  if (unusedBits === undefined) return false;
  return BASE64URL.indexOf(part.at(-1) ?? "A") % 2 ** unusedBits === 0;
}
