const HIDDEN = "[redacted]";

/** Reduces a URL to `scheme://host/path`, without user, password, query and fragment. Never throws. */
export function redactUrl(url: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return HIDDEN;
  const at = rest.lastIndexOf("@");
  const query = rest.search(/[?#]/);
  // The `@` is part of an unescaped password or of the query. Either is possible, so all is hidden.
  if (query !== -1 && at > query) return `${scheme}${HIDDEN}`;
  return scheme + rest.slice(at + 1, query === -1 ? undefined : query);
}

/**
 * Matches a JWT: its header is JSON in base64url, so it begins with `ey`. It may follow any character that isn't part
 * of a token, or an escape such as \n, because a log line is already JSON. All patterns run in linear time (G5).
 */
const TOKEN = /(?<=^|[^\w-]|\\[bfnrt]|\\u[0-9a-f]{4})ey[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;
const BEARER = /bearer(\s{1,8}|\.)[\w.~+/=-]+/gi;
/** Matches a password in a URL's parameters, such as sentinelPassword. */
const PARAMETER = /(password=)[^\s"'`<>&#]+/gi;
const WORD = /[^\s"'`<>]+/g;

/** Hides everything in a text that looks like a token or like a password in a URL. */
export function redactText(text: string): string {
  return text
    .replace(BEARER, `bearer$1${HIDDEN}`)
    .replace(TOKEN, HIDDEN)
    .replace(PARAMETER, `$1${HIDDEN}`)
    .replace(WORD, withoutCredentials);
}

/**
 * Hides everything between `://` and the last `@` of a word, because a password may contain `://`, `@` and slashes.
 */
function withoutCredentials(word: string): string {
  const scheme = word.indexOf("://");
  const at = word.lastIndexOf("@");
  return scheme === -1 || at < scheme ? word : `${word.slice(0, scheme + 3)}${HIDDEN}${word.slice(at)}`;
}
