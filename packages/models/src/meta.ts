/** Maximum size of a `meta` in bytes of UTF-8 (P72). */
export const MAX_META_BYTES = 1_024;
/** A `meta` that is nested deeper would stop an insert into MongoDB for ever, if a store kept it as a document. */
const MAX_META_DEPTH = 16;
const META = ',"meta":';
/** The rule for a `meta` that isn't an object at all. */
export const NOT_AN_OBJECT = "`meta` must be a JSON object.";

/** Tells if a text may be a `meta`: a JSON object, small and not deep (P72). Never throws. */
export function isMeta(text: string): boolean {
  return metaFault(text) === undefined;
}

/** Returns why a text can't be a `meta` (P72), for the author of a client. Undefined if it can be one. Never throws. */
export function metaFault(text: string): string | undefined {
  if (new TextEncoder().encode(text).byteLength > MAX_META_BYTES)
    return `\`meta\` must have at most ${MAX_META_BYTES} bytes as JSON, in UTF-8.`;
  if (!text.isWellFormed()) return NOT_AN_OBJECT;
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || Array.isArray(value)) return NOT_AN_OBJECT;
    return isWithinDepth(value, MAX_META_DEPTH)
      ? undefined
      : `\`meta\` must be nested at most ${MAX_META_DEPTH} deep.`;
  } catch {
    return NOT_AN_OBJECT;
  }
}

/**
 * Appends `meta` to a body as its last member, unchanged: it isn't parsed and written again, which would change numbers
 * and the order of names. It must satisfy `isMeta`.
 */
export function withMeta(body: string, meta: string | undefined): string {
  return meta === undefined ? body : `${body}${META}${meta}`;
}

/** Returns the text of the `meta` that follows the first `length` characters of a body. Undefined if it isn't a meta. */
export function metaAfter(body: string, length: number): string | undefined {
  const rest = body.slice(length);
  const meta = rest.startsWith(META) ? rest.slice(META.length) : undefined;
  return meta !== undefined && isMeta(meta) ? meta : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isWithinDepth(value: unknown, depth: number): boolean {
  if (!isObject(value)) return true;
  return depth > 0 && Object.values(value).every((inner) => isWithinDepth(inner, depth - 1));
}
