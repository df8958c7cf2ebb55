import { ChatError, DEFAULT_LIMIT, isUsername, queries } from "@parley/models";

/** P51. Undefined without any of its parameters: then the whole conversation is meant (P50). */
export interface PageQuery {
  readonly limit: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Query = keyof typeof queries;
/** What the parameters of a query are read as. */
type Read<Name extends Query> = ReturnType<(typeof queries)[Name]["parse"]>;

/** All three throw `invalid_parameter` for what is not allowed (P55). A plain name that they do not know is ignored. */
export function readPageQuery(url: string): { page: PageQuery | undefined; as: string | undefined } {
  const { as, ...asked } = read("page", url);
  const { limit = DEFAULT_LIMIT, before, after } = asked;
  return { page: Object.keys(asked).length > 0 ? { limit, before, after } : undefined, as };
}

export function readSyncQuery(url: string) {
  const { as, limit = DEFAULT_LIMIT, after } = read("sync", url);
  return { page: { limit, after }, as };
}

export function readConversationsQuery(url: string) {
  const { as, limit = DEFAULT_LIMIT, before } = read("conversations", url);
  return { page: { limit, before }, as };
}

/** Throws `invalid_username` for what is none (P4). */
export function assertUsername(text: string): void {
  if (!isUsername(text)) throw new ChatError("invalid_username");
}

function read<Name extends Query>(name: Name, url: string): Read<Name> {
  const schema = queries[name];
  const { data, error } = schema.safeParse(valuesOf(url, Object.keys(schema.shape)));
  if (data) return data as Read<Name>;
  const [issue] = error.issues;
  if (issue?.path[0] === "as") throw new ChatError("invalid_username");
  throw invalid(issue?.message ?? "");
}

/** Each known parameter once, as text. What is meant as a part of an object, `x[$ne]`, is refused by any name. */
function valuesOf(url: string, names: readonly string[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(url.split("?").slice(1).join("?"))) {
    if (/[[\]]/.test(key)) throw invalid("A parameter is text, never a part of an object.");
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
