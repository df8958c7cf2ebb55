import { ChatError, isId, isUsername } from "@parley/models";

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

const PAGE_PARAMETERS = ["limit", "before", "after", "as"] as const;
const SYNC_PARAMETERS = ["limit", "after", "as"] as const;
const CONVERSATIONS_PARAMETERS = ["limit", "before", "as"] as const;

/** P51. Undefined without any of its parameters: then the whole conversation is meant (P50). */
export interface PageQuery {
  readonly limit: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface SyncQuery {
  readonly limit: number;
  readonly after: string | undefined;
}

type Values<Name extends string> = Readonly<Partial<Record<Name, string>>>;

/** All three throw `invalid_parameter` for what is not allowed (P55). A plain name that they do not know is ignored. */
export function readPageQuery(url: string): { page: PageQuery | undefined; as: string | undefined } {
  const { as, ...asked } = valuesOf(url, PAGE_PARAMETERS);
  if (asked.before !== undefined && asked.after !== undefined)
    throw invalid("before and after exclude each other.");
  const page = { limit: limitOf(asked), before: idOf(asked, "before"), after: idOf(asked, "after") };
  return { page: Object.keys(asked).length > 0 ? page : undefined, as: usernameOf(as) };
}

export function readSyncQuery(url: string): { page: SyncQuery; as: string | undefined } {
  const { as, ...asked } = valuesOf(url, SYNC_PARAMETERS);
  return { page: { limit: limitOf(asked), after: idOf(asked, "after") }, as: usernameOf(as) };
}

export function readConversationsQuery(url: string) {
  const { as, ...asked } = valuesOf(url, CONVERSATIONS_PARAMETERS);
  return { page: { limit: limitOf(asked), before: idOf(asked, "before") }, as: usernameOf(as) };
}

/** Throws `invalid_username` for what is none (P4). */
export function assertUsername(text: string): void {
  if (!isUsername(text)) throw new ChatError("invalid_username");
}

function usernameOf(text: string | undefined): string | undefined {
  if (text !== undefined) assertUsername(text);
  return text;
}

/** Each known parameter once, as text. What is meant as a part of an object, `x[$ne]`, is refused by any name. */
function valuesOf<Name extends string>(url: string, names: readonly Name[]): Values<Name> {
  const values: Partial<Record<Name, string>> = {};
  for (const [key, value] of new URLSearchParams(url.split("?").slice(1).join("?"))) {
    if (/[[\]]/.test(key)) throw invalid("A parameter is text, never a part of an object.");
    const name = names.find((known) => known === key.split(".", 1)[0]);
    if (name === undefined) continue;
    if (name !== key || values[name] !== undefined) throw invalid(`${name} must be given once, as text.`);
    values[name] = value;
  }
  return values;
}

function limitOf({ limit = String(DEFAULT_LIMIT) }: Values<"limit">): number {
  const value = /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (value < 1 || value > MAX_LIMIT) throw invalid(`limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  return value;
}

function idOf<Name extends "before" | "after">(values: Values<Name>, name: Name): string | undefined {
  const id: string | undefined = values[name];
  if (id !== undefined && !isId(id)) throw invalid(`${name} must be the id of a message, or a cursor.`);
  return id;
}

function invalid(message: string): ChatError {
  return new ChatError("invalid_parameter", { message });
}
