import { asParleyError, type ParleyError } from "../errors.ts";
import type { Http } from "../http/http-client.ts";
import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";
import { pause } from "../timing/sleep.ts";
import type { Message } from "../wire.ts";
import { advance, initialStream, type Stream, type StreamEvent } from "./stream.ts";

export interface ReaderHandlers {
  message(message: Message): void;
  /** `error`: why the last try to get a page did not work. */
  catchingUp(received: number, error?: ParleyError): void;
  live(): void;
  /** A page that will never come: a cursor that is none, a token without rights. */
  failed(error: ParleyError): void;
}

/** Does what the stream asks for: hands messages on and brings pages, one at a time, until closed (G3). */
export class Reader {
  readonly #settings: Settings;
  readonly #http: Http;
  readonly #handlers: ReaderHandlers;
  readonly #closing: AbortSignal;
  #stream: Stream;
  #cursor: string | undefined;
  #connectionEnded: AbortSignal | undefined;

  constructor(
    settings: Settings,
    cursor: string | undefined,
    http: Http,
    closing: AbortSignal,
    handlers: ReaderHandlers,
  ) {
    this.#settings = settings;
    this.#http = http;
    this.#closing = closing;
    this.#handlers = handlers;
    this.#stream = initialStream(cursor);
    this.#cursor = cursor;
  }

  /** Points behind what was handed on last. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** A connection that is ready; `ended` aborts with it. */
  ready(cursor: string, ended: AbortSignal): void {
    this.#connectionEnded = ended;
    this.handle({ type: "ready", cursor });
  }

  handle(event: StreamEvent): void {
    const before = this.#stream;
    const step = advance(before, event, this.#settings);
    this.#stream = step.stream;
    for (const message of step.deliver) {
      if (this.#closing.aborted) return;
      this.#cursor = message.id;
      this.#handlers.message(message);
    }
    if (this.#closing.aborted) return;
    const { stream } = step;
    this.#cursor = stream.cursor;
    if (stream.phase === "catching-up" && (step.ask || before.phase !== "catching-up")) {
      this.#handlers.catchingUp(stream.received);
    } else if (stream.phase === "live" && before.phase !== "live") {
      this.#handlers.live();
    }
    if (step.ask && this.#connectionEnded) void this.#ask(step.ask.after, this.#connectionEnded);
  }

  /** Brings the page after a cursor, trying until it is there or the connection has ended. Never rejects. */
  async #ask(after: string | undefined, ended: AbortSignal): Promise<void> {
    for (let failures = 0; !ended.aborted; ) {
      // Where a link is too slow for a page in the time given, a smaller one may do.
      const limit = Math.max(1, Math.floor(this.#settings.syncPageSize / 2 ** Math.min(failures, 10)));
      try {
        const page = await this.#http.sync(after, limit, ended);
        if (!ended.aborted) this.handle({ type: "page", page });
        return;
      } catch (reason) {
        const error = asParleyError(reason);
        if (ended.aborted) return;
        if (!error.temporary) return this.#handlers.failed(error);
        if (this.#stream.phase === "catching-up") this.#handlers.catchingUp(this.#stream.received, error);
        failures += 1;
        await pause(backoff(failures, this.#settings.backoff) + (error.retryAfterMs ?? 0), ended);
      }
    }
  }
}
