import { Connection } from "./connection/connection.ts";
import { type Ending, failuresAfter, reconnectIn } from "./connection/reconnect.ts";
import { Tokens } from "./connection/token-source.ts";
import { asParleyError, ParleyError } from "./errors.ts";
import { type ConversationsPage, type HistoryPage, type HistoryRange, Http } from "./http/http-client.ts";
import { type Observable, Subject, Value } from "./observable.ts";
import { type ConnectOptions, type Settings, settingsOf } from "./options.ts";
import { Reader } from "./receiving/receiver.ts";
import { type SendOptions, Sends } from "./sending/send-queue.ts";
import { pause } from "./timing/sleep.ts";
import type { Message, Receipt, ServerFrame } from "./wire.ts";

/** Where the client stands. */
export type State =
  | { readonly phase: "connecting" }
  /** `received`: messages that this catching up has brought so far. `error`: why the last try brought none. */
  | { readonly phase: "catching-up"; readonly received: number; readonly error?: ParleyError }
  | { readonly phase: "live" }
  /** Tries again at `retryAt`, ms since 1970. `error` says why there is no connection, where that is known. */
  | { readonly phase: "offline"; readonly retryAt: number; readonly error?: ParleyError }
  /** For good; `error` says why where it was not the application's wish. */
  | { readonly phase: "closed"; readonly error?: ParleyError };

/** What a fresh token may mend. */
const ABOUT_THE_TOKEN = new Set(["token_expired", "unauthorized", "token_missing"]);

/**
 * Connects, and stays connected until closed. Subscribe before the next turn of the event loop to miss nothing.
 * Throws `invalid_option` for options that could never work.
 */
export function connect(options: ConnectOptions): ParleyClient {
  return new ParleyClient(options);
}

/** Sends that are safe to retry (G2) and messages whole and in order (G3), over lost connections of any length. */
export class ParleyClient {
  readonly #settings: Settings;
  readonly #tokens: Tokens;
  readonly #http: Http;
  readonly #sends: Sends;
  readonly #reader: Reader;
  readonly #messages = new Subject<Message>();
  readonly #state = new Value<State>({ phase: "connecting" });
  readonly #closing = new AbortController();
  #user: string | undefined;
  #connection: Connection | undefined;
  #waiting = new AbortController();

  constructor(options: ConnectOptions) {
    const settings = settingsOf(options);
    const closing = this.#closing.signal;
    this.#settings = settings;
    this.#tokens = new Tokens(async () => options.token(), settings.requestTimeoutMs, closing);
    this.#http = new Http({
      historyUrl: settings.historyUrl,
      tokens: this.#tokens,
      timeoutMs: settings.requestTimeoutMs,
    });
    this.#sends = new Sends(settings.sends, (frame) => this.#connection?.send(frame));
    this.#reader = new Reader(settings, options.cursor, this.#http, closing, {
      message: (message) => this.#messages.next(message),
      catchingUp: (received, error) =>
        this.#state.next({ phase: "catching-up", received, ...(error && { error }) }),
      live: () => this.#state.next({ phase: "live" }),
      failed: (error) => this.#end(error),
    });
    if (options.signal?.aborted) this.close();
    else options.signal?.addEventListener("abort", () => this.close(), { signal: closing });
    queueMicrotask(() => void this.#run().catch((error) => this.#end(asParleyError(error))));
  }

  /**
   * Every message meant for this user, each once, in log order (G3). A listener that throws harms nobody else: its
   * error is reported as an uncaught one, and the message counts as handed on.
   */
  get messages(): Observable<Message> {
    return this.#messages;
  }

  get state(): Observable<State> & { readonly current: State } {
    return this.#state;
  }

  /** Who the server says we are, once it has. */
  get user(): string | undefined {
    return this.#user;
  }

  /**
   * Where to go on: save it, and hand it to a later client, and that one brings just what came after. Read inside a
   * message's listener it points behind that message.
   */
  get cursor(): string | undefined {
    return this.#reader.cursor;
  }

  /**
   * Sends to a user, or with "" to the public room. Resolves once the message is durable. Messages of one
   * conversation are sent in the order of the calls. Rejects with a ParleyError whose `mayHaveGoneThrough` tells
   * whether the message may be there all the same. A `ref` of one's own (unique per sender and conversation) makes
   * a send safe to repeat also over a restart of the application, within the server's dedupe window; `onLeave` tells
   * when that window may have begun.
   */
  send(to: string, content: string, options: SendOptions = {}): Promise<Receipt> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    return this.#sends.send(to, content, options);
  }

  /** A page of a conversation, oldest first: the newest, or the one before or after a message. "" is the public room. */
  async history(
    between: string,
    options: HistoryRange & {
      readonly limit?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<HistoryPage> {
    const { before, after, limit = 50, signal } = options;
    return this.#asking(signal, (ended) => this.#http.history(between, { before, after, limit }, ended));
  }

  /**
   * The private conversations of this user, each with its last message, the newest first. `before` is the `next` of
   * the page before; the last page has none. What comes meanwhile comes as `messages`.
   */
  async conversations(
    options: {
      readonly before?: string | undefined;
      readonly limit?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<ConversationsPage> {
    const { before, limit = 50, signal } = options;
    return this.#asking(signal, (ended) => this.#http.conversations({ before, limit }, ended));
  }

  /** Tries at once where the next try is waited for: when somebody asks, or the platform says that a network is back. */
  reconnectNow(): void {
    this.#waiting.abort();
  }

  /** Ends the connection; sends under way reject with `closed`. */
  close(): void {
    this.#end();
  }

  /** A request that ends with the client, or with the caller's own signal. */
  async #asking<Answer>(
    signal: AbortSignal | undefined,
    ask: (ended: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const closing = this.#closing.signal;
    try {
      return await ask(signal ? AbortSignal.any([closing, signal]) : closing);
    } catch (error) {
      throw closing.aborted ? closed() : error;
    }
  }

  #end(error?: ParleyError): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#connection?.close();
    this.#sends.close();
    this.#state.next({ phase: "closed", ...(error && { error }) });
  }

  /** One connection after the other, until closed. */
  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      if (this.#state.current.phase !== "connecting") this.#state.next({ phase: "connecting" });
      const ending = await this.#connectOnce();
      if (this.#closing.signal.aborted) return;
      failures = failuresAfter(ending, failures);
      const next = reconnectIn(ending, failures, this.#settings);
      if (!next.again) {
        return this.#end(new ParleyError("refused", `The server closed for good (${ending.code}).`));
      }
      const { error } = ending;
      this.#waiting = new AbortController();
      const enough = AbortSignal.any([this.#closing.signal, this.#waiting.signal]);
      this.#state.next({ phase: "offline", retryAt: Date.now() + next.afterMs, ...(error && { error }) });
      await pause(next.afterMs, enough);
    }
  }

  /** Resolves when the connection has ended, however. */
  async #connectOnce(isSecondToken = false): Promise<Ending> {
    const nothing: Ending = { code: 1006, readyForMs: 0 };
    try {
      const token = await this.#tokens.get();
      if (this.#closing.signal.aborted) return nothing;
      const ending = await this.#converse(token);
      if (ending.code === 4001) this.#tokens.refused(token);
      if (ending.code !== 1006 || ending.readyForMs > 0) return ending;
      const refusal = await this.#http.whyRefused(this.#settings.url, token, this.#closing.signal);
      if (!refusal) return ending;
      if (refusal.temporary) return { ...ending, error: refusal };
      // A clock that is wrong takes an ended token for a good one: a fresh one is tried before it is over.
      if (!isSecondToken && ABOUT_THE_TOKEN.has(refusal.code)) {
        this.#tokens.refused(token);
        return await this.#connectOnce(true);
      }
      this.#end(refusal);
      return ending;
    } catch (error) {
      return { ...nothing, error: asParleyError(error) };
    }
  }

  #converse(token: string): Promise<Ending> {
    return new Promise((resolve, reject) => {
      try {
        this.#connection = new Connection(this.#settings, token, this.#tokens, {
          frame: (frame, connection) => this.#onFrame(frame, connection),
          ended: (ending) => {
            this.#connection = undefined;
            this.#sends.disconnected();
            this.#reader.handle({ type: "disconnected" });
            resolve(ending);
          },
        });
      } catch (cause) {
        reject(
          new ParleyError("unreachable", "The platform refuses to connect.", { temporary: true, cause }),
        );
      }
    });
  }

  #onFrame(frame: ServerFrame, connection: Connection): void {
    switch (frame.type) {
      case "ready":
        this.#user = frame.user;
        this.#reader.ready(frame.cursor, connection.ended);
        if (!connection.ended.aborted) this.#sends.connected();
        break;
      case "message": {
        const { id, from, to, content, timestamp } = frame;
        this.#reader.handle({ type: "message", message: { id, from, to, content, timestamp } });
        break;
      }
      case "sync":
        this.#reader.handle({ type: "gap" });
        break;
      case "ack":
        this.#sends.onAck(frame.ref, { id: frame.id, timestamp: frame.timestamp });
        break;
      case "error":
        this.#sends.onError(frame);
        break;
    }
  }
}

function closed(): ParleyError {
  return new ParleyError("closed", "The client is closed.");
}
