import { ChangeSender, type EditOptions, type RemoveOptions } from "./changing/change-sender.ts";
import type { Connection } from "./connection/connection.ts";
import { Connector } from "./connection/connector.ts";
import { CurrentConnection } from "./connection/current-connection.ts";
import { TokenSource } from "./connection/token-source.ts";
import { dispatchFrame } from "./dispatch-frame.ts";
import { closedError, type ParleyError, toParleyError } from "./errors.ts";
import {
  type ConversationsOptions,
  type ConversationsPage,
  type HistoryOptions,
  type HistoryPage,
  HttpClient,
} from "./http/http-client.ts";
import { Marks } from "./marks/marks.ts";
import { type Observable, Subject, Value } from "./observable.ts";
import { type ConnectOptions, resolveOptions } from "./options.ts";
import { Receiver } from "./receiving/receiver.ts";
import { type SendOptions, SendQueue } from "./sending/send-queue.ts";
import type { State } from "./state.ts";
import type { Change, Message, ReadMark, Receipt, ServerFrame } from "./wire.ts";

/**
 * Returns a client that connects in the background and stays connected until it is closed. Subscribe to `messages` in
 * the same turn of the event loop, so that you miss none.
 *
 * @throws ParleyError `invalid_option` if an option can never work. Every other failure is reported in `state`.
 */
export function connect(options: ConnectOptions): ParleyClient {
  return new ParleyClient(options);
}

/**
 * A connection to Parley that survives any interruption: sends are safe to retry (G2), and messages arrive once, in
 * order and without a hole (G3). Create one with `connect`.
 */
export class ParleyClient {
  readonly #http: HttpClient;
  readonly #sendQueue: SendQueue;
  readonly #receiver: Receiver;
  readonly #changeSender: ChangeSender;
  readonly #marks: Marks;
  readonly #messages = new Subject<Message>();
  readonly #changes = new Subject<Change>();
  readonly #state = new Value<State>({ phase: "connecting" });
  readonly #closing = new AbortController();
  readonly #connection: CurrentConnection;
  readonly #connector: Connector;
  #user: string | undefined;
  /** The reason why the client is closed. Undefined if the application closed it. */
  #closedBy: ParleyError | undefined;

  /** @internal Use `connect`. */
  constructor(options: ConnectOptions) {
    const settings = resolveOptions(options);
    const closing = this.#closing.signal;
    const { historyUrl, requestTimeoutMs: timeoutMs } = settings;
    const tokens = new TokenSource({ fetchToken: async () => options.token(), timeoutMs, closing });
    this.#http = new HttpClient({ historyUrl, tokens, timeoutMs });
    this.#sendQueue = new SendQueue(settings.sends, (frame) => this.#connection.send(frame));
    this.#marks = new Marks((frame) => this.#connection.send(frame));
    this.#changeSender = new ChangeSender({
      limits: settings.sends,
      http: this.#http,
      closing,
      closedError: (details) => closedError(this.#closedBy, details),
    });
    this.#receiver = new Receiver({
      settings,
      cursor: options.cursor,
      http: this.#http,
      tokens,
      closing,
      message: (message) => this.#messages.next(message),
      change: (change) => this.#changes.next(change),
      catchingUp: (received, error) =>
        this.#state.next({ phase: "catching-up", received, ...(error && { error }) }),
      live: () => {
        this.#state.next({ phase: "live" });
        this.#marks.live();
      },
      failed: (error) => this.#end(error),
    });
    this.#connection = new CurrentConnection({
      settings,
      tokens,
      frame: (frame, connection) => this.#onFrame(frame, connection),
      ended: () => {
        this.#sendQueue.disconnected();
        this.#marks.disconnected();
        this.#receiver.handle({ type: "disconnected" });
      },
    });
    this.#connector = new Connector({
      settings,
      tokens,
      http: this.#http,
      closing,
      open: (token) => this.#connection.open(token),
      changed: (state) => {
        if (state.phase !== this.#state.current.phase) this.#state.next(state);
      },
      refused: (error) => this.#end(error),
    });
    if (options.signal?.aborted) this.close();
    else options.signal?.addEventListener("abort", () => this.close(), { signal: closing });
    queueMicrotask(() => void this.#connector.run().catch((error) => this.#end(toParleyError(error))));
  }

  /**
   * Every message for this user, each once and in log order (G3). Messages that the user sent are among them. If a
   * listener throws, the error is reported as an uncaught error and the message isn't delivered again.
   */
  get messages(): Observable<Message> {
    return this.#messages;
  }

  /**
   * Every edit and deletion of a message for this user, each once and in log order among the messages, so under the same
   * `cursor`. Changes of messages that you don't have are among them. `presentMessage` applies one to what you show.
   */
  get changes(): Observable<Change> {
    return this.#changes;
  }

  /** Every read mark that the server tells live and that is greater than before: the user's own, and that of others (P70). */
  get marks(): Observable<ReadMark> {
    return this.#marks.told;
  }

  /**
   * Read marks may have been missed: read `conversations` again. It comes each time the client is live again after an
   * interruption, and when the server has missed marks.
   */
  get marksMissed(): Observable<void> {
    return this.#marks.missed;
  }

  /** The state of the connection. A new listener is called with the current state at once, then at every change. */
  get state(): Observable<State> & { readonly current: State } {
    return this.#state;
  }

  /** The username in the token, as the server reported it. Undefined until the first connection is ready. */
  get user(): string | undefined {
    return this.#user;
  }

  /**
   * The position right after the last delivered message or change. Save it and pass it to a later client, which then
   * delivers exactly what comes after this position. In a listener, it is the position right after the delivered value.
   * Undefined until the first connection of a client without a cursor.
   */
  get cursor(): string | undefined {
    return this.#receiver.cursor;
  }

  /**
   * Sends a message, and resolves once it is durable. The client retries after lost connections and temporary errors,
   * always under the same `ref`, so it stays one message. Messages of one conversation are sent in the order of the
   * calls. The message also arrives in `messages`.
   *
   * @param to The recipient's username, or `""` for the public room.
   * @param content The text. By default the server accepts up to 8 KiB in UTF-8.
   * @returns The id and timestamp of the message.
   * @throws ParleyError `not_sent` or `outcome_unknown` after `sendDeadlineMs` or an abort, `queue_full` if too many
   * sends are pending, `closed` if the client is closed, or the server's code, for example `content_too_long`,
   * `invalid_message` or `ref_reused`. `mayHaveGoneThrough` is true if the message may have reached the log.
   */
  send(to: string, content: string, options: SendOptions = {}): Promise<Receipt> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError(this.#closedBy));
    return this.#sendQueue.send(to, content, options);
  }

  /**
   * Replaces the content of one of the user's messages, and resolves once the change is durable. Needs no connection. The
   * client retries like `send`, always under the same `ref`. The changes of one message are sent in the order of the calls.
   *
   * @param id The message's id. A receipt, a message and a change have it.
   * @returns The id and timestamp of the change. It also arrives in `changes`.
   * @throws ParleyError The same as `send`, or `not_found`, `forbidden`, `message_deleted`, `not_enabled` or `not_supported`.
   */
  edit(id: string, content: string, options: EditOptions = {}): Promise<Receipt> {
    return this.#changeSender.edit(id, content, options);
  }

  /** Deletes one of the user's messages, or with the scope `moderate` any message. The rest is as for `edit`. */
  remove(id: string, options: RemoveOptions = {}): Promise<Receipt> {
    return this.#changeSender.remove(id, options);
  }

  /**
   * Reads one message as it is now. Needs no connection. A temporary error isn't retried.
   *
   * @throws ParleyError The same as `history`, or `not_found` or `not_supported`.
   */
  message(id: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Message> {
    return this.#request(options.signal, (ended) => this.#http.message(id, ended));
  }

  /**
   * Reads one page of a conversation, oldest message first. Without `before` and `after`, reads the newest page.
   * Needs no connection. A temporary error isn't retried.
   *
   * @param between The other user's username, or `""` for the public room.
   * @param options `before` or `after`: a message id. `limit`: 1 to 1000, default 50. `signal`: aborts the request.
   * @throws ParleyError `closed`, `aborted`, `unreachable`, `token_failed`, or the server's code. `temporary` is true
   * if another attempt may succeed.
   */
  async history(between: string, options: HistoryOptions = {}): Promise<HistoryPage> {
    const { before, after, limit = 50, signal } = options;
    return this.#request(signal, (ended) => this.#http.history(between, { before, after, limit }, ended));
  }

  /**
   * Reads one page of the user's private conversations, each with its last message and with what is unread. The newest
   * conversation comes first. The first page has the public room, too. A conversation that changes between two pages isn't
   * repeated: its new message arrives in `messages`.
   *
   * @param options `before`: the `next` of the previous page. `limit`: 1 to 1000, default 50. `signal`: aborts the
   * request.
   * @throws ParleyError The same as `history`.
   */
  async conversations(options: ConversationsOptions = {}): Promise<ConversationsPage> {
    const { before, limit = 50, signal } = options;
    const page = await this.#request(signal, (ended) => this.#http.conversations({ before, limit }, ended));
    this.#marks.onPage(page);
    return page;
  }

  /**
   * Says that the user has read a conversation up to a message (P70). Returns at once. The client sends the greatest `id` of
   * each conversation until the server tells it in `marks` or `conversations`, over lost connections and rate limits. A server
   * without read marks gets none.
   *
   * @param other The other user's username, or `""` for the public room.
   * @throws ParleyError `invalid_username` or `invalid_parameter` for arguments that can't be a mark.
   */
  markRead(other: string, id: string): void {
    this.#marks.markRead(other, id);
  }

  /**
   * Ends the current wait and connects at once. Call it when the user wants it, or when the platform reports that
   * the network is back. Does nothing in any phase but `offline`.
   */
  reconnectNow(): void {
    this.#connector.reconnectNow();
  }

  /** Ends the current connection as broken, and reconnects. Call it when the platform reports that the network is gone. */
  connectionLost(): void {
    this.#connection.fail();
  }

  /** Closes the client for good. Pending sends and requests reject with `closed`. */
  close(): void {
    this.#end();
  }

  /** Makes a request that ends when the client is closed, or when the caller's signal is aborted. */
  async #request<Answer>(
    signal: AbortSignal | undefined,
    send: (ended: readonly AbortSignal[]) => Promise<Answer>,
  ): Promise<Answer> {
    const closing = this.#closing.signal;
    try {
      return await send(signal ? [closing, signal] : [closing]);
    } catch (error) {
      throw closing.aborted ? closedError(this.#closedBy) : error;
    }
  }

  #end(error?: ParleyError): void {
    if (this.#closing.signal.aborted) return;
    this.#closedBy = error;
    this.#closing.abort();
    this.#marks.close();
    this.#connection.close();
    this.#sendQueue.close(error);
    this.#state.next({ phase: "closed", ...(error && { error }) });
  }

  #onFrame(frame: ServerFrame, connection: Connection): void {
    const [receiver, sendQueue, marks] = [this.#receiver, this.#sendQueue, this.#marks];
    if (frame.type === "ready") {
      this.#user = frame.user;
      receiver.ready(frame.cursor, connection.ended);
      if (connection.ended.aborted) return;
      sendQueue.connected();
      marks.connected(frame);
    } else dispatchFrame(frame, { receiver, sendQueue, marks });
  }
}
