import { ChatError, DEFAULT_LIMIT, isId, isUsername, queries } from "@parley/models";

/** The bounds of a page (P51). `before` and `after` are exclusive ids. */
export interface PageQuery {
  readonly limit: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type QueryName = keyof typeof queries;
type QueryValues<Name extends QueryName> = ReturnType<(typeof queries)[Name]["parse"]>;

/**
 * Parses the query of `/messages`. `page` is undefined if no parameter of a page is present: the client wants the
 * whole conversation (P50). Like the functions below, throws `invalid_parameter` for a bad value and ignores
 * unknown parameters (P55).
 */
export function readPageQuery(url: string): { page: PageQuery | undefined; as: string | undefined } {
  const { as, ...bounds } = parse("page", url);
  const { limit = DEFAULT_LIMIT, before, after } = bounds;
  return { page: Object.keys(bounds).length > 0 ? { limit, before, after } : undefined, as };
}

/** Parses the query of `/sync` (P53). */
export function readSyncQuery(url: string) {
  const { as, limit = DEFAULT_LIMIT, after } = parse("sync", url);
  return { page: { limit, after }, as };
}

/** Parses the query of `/conversations` (P57). */
export function readConversationsQuery(url: string) {
  const { as, limit = DEFAULT_LIMIT, before } = parse("conversations", url);
  return { page: { limit, before }, as };
}

/** Parses the query of `/message/:id` (P59). */
export function readMessageQuery(url: string) {
  return parse("message", url);
}

/** Throws `invalid_parameter` if `text` isn't an id. */
export function assertId(text: string): void {
  if (!isId(text)) throw invalid("The path must end in a message id.");
}

/** Throws `invalid_username` if `text` isn't a username (P4). */
export function assertUsername(text: string): void {
  if (!isUsername(text)) throw new ChatError("invalid_username");
}

function parse<Name extends QueryName>(name: Name, url: string): QueryValues<Name> {
  const schema = queries[name];
  const { data, error } = schema.safeParse(valuesOf(url, Object.keys(schema.shape)));
  if (data) return data as QueryValues<Name>;
  const [issue] = error.issues;
  if (issue?.path[0] === "as")
    throw new ChatError("invalid_username", { message: "as isn't a valid username." });
  throw invalid(issue?.message ?? "");
}

/**
 * Collects the known parameters as text. Refuses a known parameter that is repeated, and any parameter in the
 * notation of an object or array, such as `x[$ne]`, whatever its name (P55).
 */
function valuesOf(url: string, names: readonly string[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(url.split("?").slice(1).join("?"))) {
    if (/[[\]]/.test(key))
      throw invalid("Query parameters must be plain text. Remove the brackets from the parameter's name.");
    const name = names.find((known) => known === key.split(".", 1)[0]);
    if (name === undefined) continue;
    if (name !== key || values[name] !== undefined) throw invalid(`${name} must be given once, as text.`);
    values[name] = value;
  }
  return values;
}

function invalid(message: string): ChatError {
  return new ChatError("invalid_parameter", { message });
}
