const HIDDEN = "[redacted]";

/** `scheme://host/path` of a URL: without user, password, query and fragment. Never throws. */
export function redactUrl(url: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return HIDDEN;
  const at = rest.lastIndexOf("@");
  const query = rest.search(/[?#]/);
  // Somebody's password, unescaped, or an address in the query: it cannot be told, so nothing is shown.
  if (query !== -1 && at > query) return `${scheme}${HIDDEN}`;
  return scheme + rest.slice(at + 1, query === -1 ? undefined : query);
}

/**
 * A JWT: its header is JSON in base64url, so it begins with `ey`. It stands after anything but its own letters, or
 * after an escape such as \n, since a log line is JSON already. Each pattern takes linear time: lines can be long.
 */
const TOKEN = /(?<=^|[^\w-]|\\[bfnrt]|\\u[0-9a-f]{4})ey[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;
const BEARER = /bearer(\s{1,8}|\.)[\w.~+/=-]+/gi;
/** A parameter of a URL, such as sentinelPassword. */
const PARAMETER = /(password=)[^\s"'`<>&#]+/gi;
const WORD = /[^\s"'`<>]+/g;

/** Free text without what looks like a token or like a password in a URL: the second line of defence of logs. */
export function redactText(text: string): string {
  return text
    .replace(BEARER, `bearer$1${HIDDEN}`)
    .replace(TOKEN, HIDDEN)
    .replace(PARAMETER, `$1${HIDDEN}`)
    .replace(WORD, withoutCredentials);
}

/** Everything between `://` and the last `@` of a word: a password may hold either, and a slash, too. */
function withoutCredentials(word: string): string {
  const scheme = word.indexOf("://");
  const at = word.lastIndexOf("@");
  return scheme === -1 || at < scheme ? word : `${word.slice(0, scheme + 3)}${HIDDEN}${word.slice(at)}`;
}
