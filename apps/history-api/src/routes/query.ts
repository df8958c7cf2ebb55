import { ChatError, DEFAULT_LIMIT, isId, isUsername, queries } from "@parley/models";
import { hasUnknownParameters, refuseUnknownParameters } from "@parley/service";

/** A range of a conversation. `before` and `after` are exclusive ids (P51), `since` and `until` are times (P64). */
export interface RangeQuery {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

type QueryName = keyof typeof queries;
type QueryValues<Name extends QueryName> = ReturnType<(typeof queries)[Name]["parse"]>;

/**
 * Parses the query of `/messages`. `limit` is undefined if no parameter of a page is present: the client wants everything
 * in the range (P50, P64). Like the functions below, throws `invalid_parameter` for a bad value. Ignores unknown
 * parameters, and calls `onIgnored` if there are any (P55, P64).
 */
export function readPageQuery(
  url: string,
  onIgnored: () => void,
): {
  range: RangeQuery;
  limit: number | undefined;
  as: string | undefined;
} {
  const { as, limit, ...range } = parse("page", url, onIgnored);
  const isPage = limit !== undefined || range.before !== undefined || range.after !== undefined;
  return { range, limit: isPage ? (limit ?? DEFAULT_LIMIT) : undefined, as };
}

/** Parses the query of `/sync` (P53). */
export function readSyncQuery(url: string, onIgnored: () => void) {
  const { as, limit = DEFAULT_LIMIT, after } = parse("sync", url, onIgnored);
  return { page: { limit, after }, as };
}

/** Parses the query of `/feed` (P63). `wait` is in seconds. Refuses unknown parameters (P64). */
export function readFeedQuery(url: string) {
  refuseUnknownParameters(url, Object.keys(queries.feed.shape));
  const { limit = DEFAULT_LIMIT, wait = 0, ...range } = parse("feed", url, () => undefined);
  return { limit, wait, range };
}

/** Parses the query of `/conversations` (P57). */
export function readConversationsQuery(url: string, onIgnored: () => void) {
  const { as, limit = DEFAULT_LIMIT, before } = parse("conversations", url, onIgnored);
  return { page: { limit, before }, as };
}

/** Parses the query of `/message/:id` (P59). */
export function readMessageQuery(url: string, onIgnored: () => void) {
  return parse("message", url, onIgnored);
}

/** Parses the query of a deletion (P73). Refuses unknown parameters (P64). */
export function readDeletionQuery(url: string) {
  refuseUnknownParameters(url, ["ref"]);
  return parse("deletion", url, () => undefined);
}

/** Throws `invalid_parameter` if `text` isn't an id. */
export function assertId(text: string): void {
  if (!isId(text)) throw invalid("The path must end in a message id.");
}

/** Throws `invalid_username` if `text` isn't a username (P4). */
export function assertUsername(text: string): void {
  if (!isUsername(text)) throw new ChatError("invalid_username");
}

function parse<Name extends QueryName>(name: Name, url: string, onIgnored: () => void): QueryValues<Name> {
  const schema = queries[name];
  const names = Object.keys(schema.shape);
  const { data, error } = schema.safeParse(valuesOf(url, names));
  if (data) {
    if (hasUnknownParameters(url, names)) onIgnored();
    return data as QueryValues<Name>;
  }
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
