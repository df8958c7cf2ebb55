import { pauseAfterRefusal, Refusals } from "../connection/refusals.ts";
import type { TokenSource } from "../connection/token-source.ts";
import { type ParleyError, toParleyError } from "../errors.ts";
import type { HttpClient } from "../http/http-client.ts";
import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";
import { sleep } from "../timing/sleep.ts";
import type { Change, Message } from "../wire.ts";
import { idOf, initialState, isChange, type StreamEvent, type StreamState, transition } from "./stream.ts";

export interface ReceiverDeps {
  readonly settings: Settings;
  /** The cursor of an earlier client, if there is one. */
  readonly cursor: string | undefined;
  readonly http: HttpClient;
  readonly tokens: TokenSource;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
  /** Called for every message. Both are called in log order. */
  message(message: Message): void;
  /** Called for every change of a message. */
  change(change: Change): void;
  /** Called when catching up starts or progresses. `error` is the reason why the last request for a page failed. */
  catchingUp(received: number, error?: ParleyError): void;
  /** Called when the client has caught up. */
  live(): void;
  /** Called if a page can never be read, for example because of an invalid cursor or a missing permission. */
  failed(error: ParleyError): void;
}

/** Executes the stream's transitions: delivers entries and requests pages, one at a time (G3). */
export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #refusals: Refusals;
  #state: StreamState;
  #cursor: string | undefined;
  #connectionEnded: AbortSignal | undefined;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    this.#refusals = new Refusals(deps.settings);
    this.#state = initialState(deps.cursor);
    this.#cursor = deps.cursor;
  }

  /** The position right after the last delivered message or change. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Handles a connection that is ready. `ended` is aborted when that connection ends. */
  ready(cursor: string, ended: AbortSignal): void {
    this.#connectionEnded = ended;
    this.handle({ type: "ready", cursor });
  }

  handle(event: StreamEvent): void {
    const { settings, closing } = this.#deps;
    const before = this.#state;
    const { state, deliver, request } = transition(before, event, settings);
    this.#state = state;
    for (const entry of deliver) {
      if (closing.aborted) return;
      this.#cursor = idOf(entry);
      if (isChange(entry)) this.#deps.change(entry);
      else this.#deps.message(entry);
    }
    if (closing.aborted) return;
    this.#cursor = state.cursor;
    if (state.phase === "catching-up" && (request || before.phase !== "catching-up")) {
      this.#deps.catchingUp(state.received);
    } else if (state.phase === "live" && before.phase !== "live") {
      this.#deps.live();
    }
    if (request && this.#connectionEnded) void this.#requestPage(request.after, this.#connectionEnded);
  }

  /** Requests the page after a cursor until it arrives or the connection ends. Never rejects. */
  async #requestPage(after: string | undefined, ended: AbortSignal): Promise<void> {
    const { settings, http } = this.#deps;
    for (let failures = 0; !ended.aborted; ) {
      // A slow link may transfer a smaller page within the timeout.
      const limit = Math.max(1, Math.floor(settings.syncPageSize / 2 ** Math.min(failures, 10)));
      try {
        const page = await http.sync(after, limit, [ended]);
        this.#refusals.reset();
        if (!ended.aborted) this.handle({ type: "page", page });
        return;
      } catch (reason) {
        const error = toParleyError(reason);
        if (ended.aborted) return;
        failures += 1;
        const waitMs = this.#waitAfter(error, failures);
        if (waitMs === undefined) return this.#deps.failed(error);
        if (this.#state.phase === "catching-up") this.#deps.catchingUp(this.#state.received, error);
        await sleep(waitMs, ended);
      }
    }
  }

  /** Returns the wait before the next request, in ms. Undefined if the server refuses the request for good. */
  #waitAfter(error: ParleyError, failures: number): number | undefined {
    const { settings, tokens } = this.#deps;
    if (error.temporary) return backoff(failures, settings.backoff) + (error.retryAfterMs ?? 0);
    if (this.#refusals.isFinal(error)) return undefined;
    tokens.invalidate();
    return pauseAfterRefusal(settings);
  }
}
