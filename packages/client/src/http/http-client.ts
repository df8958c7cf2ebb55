import type { Tokens } from "../connection/token-source.ts";
import { asParleyError, ParleyError } from "../errors.ts";
import type { Message, SyncPage } from "../wire.ts";

/** One page of a conversation, oldest first. `more`: whether there are more beyond it, in the direction of reading. */
export interface HistoryPage {
  readonly messages: readonly Message[];
  readonly more: boolean;
}

/** A private conversation and its last message. */
export interface Conversation {
  readonly with: string;
  readonly last: Message;
}

/** Newest first. `next` is the `before` of the page that follows; without it there is none. */
export interface ConversationsPage {
  readonly conversations: readonly Conversation[];
  readonly next?: string | undefined;
}

/** Where a page lies: before a message, after one (ids both), or, with neither, at the end. Both at once are refused. */
export interface HistoryRange {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** The HTTP side: history-api's answers, and why a handshake was refused. Everything rejects with a ParleyError. */
export class Http {
  readonly #historyUrl: string;
  readonly #tokens: Tokens;
  readonly #timeoutMs: number;

  constructor(options: { historyUrl: string; tokens: Tokens; timeoutMs: number }) {
    this.#historyUrl = options.historyUrl.replace(/\/$/, "");
    this.#tokens = options.tokens;
    this.#timeoutMs = options.timeoutMs;
  }

  /** P53. */
  async sync(after: string | undefined, limit: number, signal: AbortSignal): Promise<SyncPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
    const { body } = await this.#get(`/sync?${query}`, signal);
    const page = body as Partial<SyncPage> | null;
    if (!Array.isArray(page?.messages) || typeof page.cursor !== "string") throw foreign(200);
    return page as SyncPage;
  }

  /** P51, P52: the newest page, or the one before or after a message. `between` is a username, "" for the public room. */
  async history(
    between: string,
    { limit, before, after }: HistoryRange & { readonly limit: number },
    signal: AbortSignal,
  ): Promise<HistoryPage> {
    const query = queryOf({ before, after, limit });
    const { body, link } = await this.#get(`${pathOf(between)}?${query}`, signal);
    if (!Array.isArray(body)) throw foreign(200);
    const onward = after === undefined ? /rel="?prev"?/ : /rel="?next"?/;
    return { messages: body as Message[], more: onward.test(link) };
  }

  /** P57. */
  async conversations(
    options: { readonly before?: string | undefined; readonly limit: number },
    signal: AbortSignal,
  ): Promise<ConversationsPage> {
    const { body } = await this.#get(`/conversations?${queryOf(options)}`, signal);
    const page = body as Partial<ConversationsPage> | null;
    if (!Array.isArray(page?.conversations)) throw foreign(200);
    return page as ConversationsPage;
  }

  /** P3: a refused upgrade says nothing to a browser; the same address asked plainly does. */
  async whyRefused(url: string, token: string, signal: AbortSignal): Promise<ParleyError | undefined> {
    const response = await this.#fetch(url.replace(/^ws/, "http"), token, signal);
    if (response.ok || response.status === 426) return undefined;
    return problemOf(response);
  }

  async #get(path: string, signal: AbortSignal): Promise<{ body: unknown; link: string }> {
    const token = await this.#tokens.get();
    let response = await this.#fetch(this.#historyUrl + path, token, signal);
    if (response.status === 401) {
      this.#tokens.refused(token);
      const fresh = await this.#tokens.get();
      if (fresh !== token) response = await this.#fetch(this.#historyUrl + path, fresh, signal);
    }
    if (!response.ok) throw await problemOf(response);
    const body: unknown = await response.json().catch((error) => {
      throw signal.aborted ? aborted() : asParleyError(error);
    });
    return { body, link: response.headers.get("link") ?? "" };
  }

  async #fetch(url: string, token: string, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(url, {
        headers: { authorization: `Bearer ${token}` },
        cache: "no-store",
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      });
    } catch (error) {
      throw signal.aborted ? aborted() : asParleyError(error);
    }
  }
}

function aborted(): ParleyError {
  return new ParleyError("aborted", "The request was given up.");
}

function queryOf({ limit, before, after }: HistoryRange & { readonly limit: number }): URLSearchParams {
  return new URLSearchParams({
    limit: String(limit),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  });
}

/** P4: "." and ".." are usernames, but an address cannot hold them: it would be another one. */
function pathOf(between: string): string {
  if (between === "") return "/messages";
  if (typeof between !== "string" || between === "." || between === ".." || !between.isWellFormed()) {
    throw new ParleyError("invalid_username", "There is no history to be asked for under this name.");
  }
  return `/messages/${encodeURIComponent(between)}`;
}

/** P55: problem+json as an error. */
export async function problemOf(response: Response): Promise<ParleyError> {
  const { status } = response;
  const problem: unknown = await response.json().catch(() => undefined);
  if (typeof problem !== "object" || problem === null || !("code" in problem)) return foreign(status);
  const { code, detail, retryAfterMs } = problem as { code: string; detail?: string; retryAfterMs?: number };
  const temporary = status >= 500 || status === 429;
  return new ParleyError(code, detail ?? code, { temporary, retryAfterMs });
}

/** An answer of somebody between us and the server: nothing is for good but "you may not". */
function foreign(status: number): ParleyError {
  if (status === 401) return new ParleyError("unauthorized", "Something before the server answered 401.");
  if (status === 403) return new ParleyError("forbidden", "Something before the server answered 403.");
  return new ParleyError("unreachable", `Not the server's own answer: ${status}.`, { temporary: true });
}
