const DEPTHS: Readonly<Record<string, number>> = { "{": 1, "[": 1, "}": -1, "]": -1 };
const COLON = /^\s*:/;

/**
 * Returns the text of a member of a JSON object as it was written, or undefined if the object has no such member. Of
 * several with the name it returns the last, as `JSON.parse` does. The text must be a valid JSON object.
 *
 * One pass without a regular expression: anybody may send 64 KiB of brackets.
 */
export function rawMember(json: string, name: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  let key: { readonly text: string; readonly end: number } | undefined;
  let at = 0;
  while (at < json.length) {
    const token = json.charAt(at);
    const end = token === '"' ? endOfString(json, at) : at + 1;
    if (depth === 1 && token === '"') key ??= { text: json.slice(at, end), end };
    if (depth === 1 && key !== undefined && (token === "," || token === "}")) {
      if (JSON.parse(key.text) === name) found = json.slice(key.end, at).replace(COLON, "").trim();
      key = undefined;
    }
    depth += DEPTHS[token] ?? 0;
    at = end;
  }
  return found;
}

/** Returns the position after the string that begins at `start`. An odd number of backslashes escapes a quote. */
function endOfString(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1);
  while (isEscaped(json, quote)) quote = json.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 1;
}
