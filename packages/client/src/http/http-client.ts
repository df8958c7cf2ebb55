import type { TokenSource } from "../connection/token-source.ts";
import { ParleyError } from "../errors.ts";
import { isWellFormed, type Message, type Receipt, type SyncPage } from "../wire.ts";
import { type Answer, request } from "./answer.ts";
import { foreignResponse, problemOf } from "./problem.ts";

/** One page of a conversation. */
export interface HistoryPage {
  /** The messages, oldest first. */
  readonly messages: readonly Message[];
  /** True if there are more messages: newer ones for a page with `after`, older ones for any other page. */
  readonly more: boolean;
}

/** A private conversation with its last message. A server of a version without read marks gives `with` and `last` alone. */
export interface Conversation {
  /** The other user's username. */
  readonly with: string;
  /** The newest message of the conversation, of either user. */
  readonly last: Message;
  /**
   * The number of messages after `read` that the other user sent. 100 means that many or more. Absent after the first 100
   * conversations of a page (P71).
   */
  readonly unread?: number;
  /** The id up to which the user has read. Sending counts as reading. Absent if nothing is read. */
  readonly read?: string;
  /** The id up to which the other user has read. Absent if that is nothing, or if the server doesn't tell it. */
  readonly readBy?: string;
}

/** The public room in a list of conversations (P71). */
export interface PublicRoom {
  /** The newest message. Absent if there is none. */
  readonly last?: Message;
  /** The number of messages after `read` that others sent. 100 means that many or more. */
  readonly unread: number;
  /** The id up to which the user has read. Absent if nothing is read. */
  readonly read?: string;
}

/** One page of the user's private conversations. */
export interface ConversationsPage {
  /** The conversations, the one with the newest message first. */
  readonly conversations: readonly Conversation[];
  /** The public room. Only on the first page, and absent if the server's version has no read marks. */
  readonly public?: PublicRoom;
  /** Pass this as `before` to read the next page. Undefined on the last page. */
  readonly next?: string | undefined;
}

/**
 * The position of a page: the newest page if both fields are undefined. The server refuses a range with both fields.
 */
export interface HistoryRange {
  /** A message id: the page ends right before this message. */
  readonly before?: string | undefined;
  /** A message id: the page begins right after this message. */
  readonly after?: string | undefined;
}

interface PageOptions {
  /** The maximum number of items, 1 to 1000. Default: 50. */
  readonly limit?: number | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of one `history`. */
export interface HistoryOptions extends HistoryRange, PageOptions {}

/** The options of one `conversations`. */
export interface ConversationsOptions extends PageOptions {
  /** The `next` of the previous page. */
  readonly before?: string | undefined;
}

/** An edit or a deletion (P73). */
export interface ChangeRequest {
  /** The message's id. */
  readonly id: string;
  readonly method: "PATCH" | "DELETE";
  /** The query of a deletion, with its `?`. */
  readonly query?: string;
  /** The body of an edit. */
  readonly body?: string;
}

/** Sends requests to history-api, and asks why a handshake was refused. All methods reject with a ParleyError. */
export class HttpClient {
  readonly #historyUrl: string;
  readonly #tokens: TokenSource;
  readonly #timeoutMs: number;

  constructor(options: { historyUrl: string; tokens: TokenSource; timeoutMs: number }) {
    this.#historyUrl = options.historyUrl.replace(/\/$/, "");
    this.#tokens = options.tokens;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Reads a page of the messages after a cursor, or from the beginning if `after` is undefined (P53). */
  async sync(after: string | undefined, limit: number, signals: readonly AbortSignal[]): Promise<SyncPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
    const { body } = await this.#get(`/sync?${query}`, signals);
    const page = body as Partial<SyncPage> | null;
    if (!Array.isArray(page?.messages) || typeof page.cursor !== "string") throw foreignResponse(200);
    // A server of an earlier version has no changes.
    return { ...(page as SyncPage), changes: page.changes ?? [] };
  }

  /** Reads a page of a conversation (P51) or, with `between` "", of the public room (P52). */
  async history(
    between: string,
    { limit, before, after }: HistoryRange & { readonly limit: number },
    signals: readonly AbortSignal[],
  ): Promise<HistoryPage> {
    const query = toQuery({ before, after, limit });
    const { body, link } = await this.#get(`${historyPath(between)}?${query}`, signals);
    if (!Array.isArray(body)) throw foreignResponse(200);
    const nextPage = after === undefined ? /rel="?prev"?/ : /rel="?next"?/;
    return { messages: body as Message[], more: nextPage.test(link) };
  }

  /** Reads one message (P59). */
  async message(id: string, signals: readonly AbortSignal[]): Promise<Message> {
    const { body } = await this.#ofMessage(id, signals, (path) => this.#get(path, signals));
    if (typeof (body as Partial<Message> | null)?.id !== "string") throw foreignResponse(200);
    return body as Message;
  }

  /** Edits or deletes a message, in one attempt (P73). Resolves with the id of the change. */
  async change(
    { id, method, query = "", body }: ChangeRequest,
    signals: readonly AbortSignal[],
  ): Promise<Receipt> {
    const init = {
      method,
      ...(body !== undefined && { body, headers: { "content-type": "application/json" } }),
    };
    const answer = await this.#ofMessage(id, signals, (path) => this.#send(path + query, init, signals));
    const receipt = answer.body as Partial<Receipt> | null;
    if (typeof receipt?.id !== "string") throw foreignResponse(200);
    return receipt as Receipt;
  }

  /**
   * Sends a request about one message. A server of an earlier version has no such path or method. Its 404 looks like that
   * of a message that doesn't exist. So after a 404 this asks for an id that can't be one, which a server that has the
   * path refuses with another code.
   */
  async #ofMessage(
    id: string,
    signals: readonly AbortSignal[],
    send: (path: string) => Promise<Answer>,
  ): Promise<Answer> {
    if (typeof id !== "string" || !/^[\w-]+$/.test(id)) {
      throw new ParleyError("invalid_parameter", "This isn't the id of a message.");
    }
    try {
      return await send(`/message/${id}`);
    } catch (error) {
      const { code } = error as ParleyError;
      if (code === "method_not_allowed") throw notSupported();
      if (code !== "not_found") throw error;
      const token = await this.#tokens.get();
      const probe = problemOf(await this.#fetch(`${this.#historyUrl}/message/-`, token, {}, signals));
      throw probe.code === "not_found" ? notSupported() : error;
    }
  }

  /** Reads a page of the user's private conversations (P57). */
  async conversations(
    options: { readonly before?: string | undefined; readonly limit: number },
    signals: readonly AbortSignal[],
  ): Promise<ConversationsPage> {
    const { body } = await this.#get(`/conversations?${toQuery(options)}`, signals);
    const page = body as Partial<ConversationsPage> | null;
    if (!Array.isArray(page?.conversations)) throw foreignResponse(200);
    return page as ConversationsPage;
  }

  /**
   * Asks why a handshake was refused: a browser hides the response of a refused upgrade, but a plain GET of the same
   * address gets the same answer (P3). Returns undefined if an upgrade would succeed now.
   */
  async whyRefused(
    url: string,
    token: string,
    signals: readonly AbortSignal[],
  ): Promise<ParleyError | undefined> {
    const answer = await this.#fetch(url.replace(/^ws/, "http"), token, {}, signals);
    const error = problemOf(answer);
    if (error.code === "upgrade_required") return undefined;
    if (error.code !== "unreachable") return error;
    const { origin, pathname } = new URL(url);
    const message = `${origin}${pathname} answers, but not as a Parley gateway (status ${answer.status}). Check the option url, and the proxies on the way.`;
    return new ParleyError("unreachable", message, { temporary: true });
  }

  #get(path: string, signals: readonly AbortSignal[]): Promise<Answer> {
    return this.#send(path, {}, signals);
  }

  /** Sends a request. After a 401, sends it once more if the application returns a different token. */
  async #send(path: string, init: RequestInit, signals: readonly AbortSignal[]): Promise<Answer> {
    const token = await this.#tokens.get();
    let answer = await this.#fetch(this.#historyUrl + path, token, init, signals);
    if (answer.status === 401) {
      this.#tokens.invalidate(token);
      const fresh = await this.#tokens.get();
      if (fresh !== token) answer = await this.#fetch(this.#historyUrl + path, fresh, init, signals);
    }
    if (!answer.ok) throw problemOf(answer);
    return answer;
  }

  #fetch(url: string, token: string, init: RequestInit, signals: readonly AbortSignal[]): Promise<Answer> {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    return request(url, { ...init, headers }, { timeoutMs: this.#timeoutMs, signals });
  }
}

function notSupported(): ParleyError {
  return new ParleyError("not_supported", "The server has no edits and deletions: its version is too old.");
}

function toQuery({ limit, before, after }: HistoryRange & { readonly limit: number }): URLSearchParams {
  return new URLSearchParams({
    limit: String(limit),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  });
}

/**
 * Returns the path of a conversation. Throws for "." and "..", which are usernames but would change a URL's path
 * (P4).
 */
function historyPath(between: string): string {
  if (between === "") return "/messages";
  if (typeof between !== "string" || between === "." || between === ".." || !isWellFormed(between)) {
    throw new ParleyError(
      "invalid_username",
      "history: no URL can contain this username. Read /sync instead.",
    );
  }
  return `/messages/${encodeURIComponent(between)}`;
}
