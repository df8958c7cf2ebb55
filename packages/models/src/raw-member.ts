/** The strings of a JSON text, and what structures it. Everything else belongs to numbers and names. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;
const DEPTHS: Readonly<Record<string, number>> = { "{": 1, "[": 1, "}": -1, "]": -1 };
const COLON = /^\s*:/;

/**
 * Returns the text of a member of a JSON object as it was written, or undefined if the object has no such member. Of
 * several with the name it returns the last, as `JSON.parse` does. The text must be a valid JSON object.
 */
export function rawMember(json: string, name: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  let key: { readonly text: string; readonly end: number } | undefined;
  for (const { 0: token, index } of json.matchAll(TOKENS)) {
    const isEnd = depth === 1 && (token === "," || token === "}");
    if (isEnd && key !== undefined) {
      if (JSON.parse(key.text) === name) found = json.slice(key.end, index).replace(COLON, "").trim();
      key = undefined;
    } else if (depth === 1 && token.startsWith('"')) key ??= { text: token, end: index + token.length };
    depth += DEPTHS[token] ?? 0;
  }
  return found;
}
