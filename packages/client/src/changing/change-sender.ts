import { ParleyError, toParleyError } from "../errors.ts";
import type { ChangeRequest, HttpClient } from "../http/http-client.ts";
import { encodeFields, randomRef } from "../sending/message-frame.ts";
import type { SendLimits } from "../sending/send-queue.ts";
import { backoff } from "../timing/backoff.ts";
import { clock } from "../timing/clock.ts";
import { sleep } from "../timing/sleep.ts";
import type { Meta, Receipt } from "../wire.ts";

/** The options of one `remove`. */
export interface RemoveOptions {
  /**
   * Your name for the change: 1 to 64 characters, unique for the user within the conversation, also among the messages. A
   * repeated call with the same `ref` is the same change, at any later time. Default: a random ref.
   */
  readonly ref?: string | undefined;
  /**
   * Aborting it rejects the call with `not_sent`, or with `outcome_unknown` if the change may have gone through. The change
   * isn't taken back.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of one `edit`. */
export interface EditOptions extends RemoveOptions {
  /** The new `meta` (P72). Default: the message keeps its own. */
  readonly meta?: Meta | undefined;
}

export interface ChangeSenderDeps {
  readonly limits: SendLimits;
  readonly http: Pick<HttpClient, "change">;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
  /** Returns the error of a change that the closed client gives up. */
  readonly closedError: (details: { readonly mayHaveGoneThrough: boolean }) => ParleyError;
}

/** The temporary errors after which a request hasn't changed anything. After any other one, it may have. */
const NO_EFFECT_CODES = new Set(["rate_limited", "backlog_full", "too_many_connections", "token_failed"]);

/**
 * Sends edits and deletions until the server answers (P73). All attempts of a change carry the same `ref`, which makes
 * them safe at any time. The changes of one message are sent one after another, so that an attempt never overtakes a later
 * change.
 */
export class ChangeSender {
  readonly #deps: ChangeSenderDeps;
  /** The latest change of each message that isn't settled. */
  readonly #latest = new Map<string, Promise<unknown>>();
  #pending = 0;

  constructor(deps: ChangeSenderDeps) {
    this.#deps = deps;
  }

  /** Like `remove`, resolves with the change's own id once it is durable. Rejects with a ParleyError. */
  async edit(
    id: string,
    content: string,
    { meta, ref = randomRef(), signal }: EditOptions,
  ): Promise<Receipt> {
    const body = encodeFields({ content, ref }, meta);
    if (body instanceof ParleyError) throw body;
    return this.#send({ id, method: "PATCH", body }, signal);
  }

  async remove(id: string, { ref = randomRef(), signal }: RemoveOptions): Promise<Receipt> {
    return this.#send({ id, method: "DELETE", query: `?${new URLSearchParams({ ref })}` }, signal);
  }

  async #send(request: ChangeRequest, signal: AbortSignal | undefined): Promise<Receipt> {
    const { limits } = this.#deps;
    if (this.#pending >= limits.maxPending) {
      const message = `${limits.maxPending} changes are pending already (maxPendingSends). Wait until some have settled.`;
      throw new ParleyError("queue_full", message, { temporary: true });
    }
    const expiresAt = clock.now() + limits.deadlineMs;
    const before = this.#latest.get(request.id);
    const sent = this.#sendAfter(before, request, expiresAt, signal);
    const settled = sent.catch(() => undefined);
    this.#latest.set(request.id, settled);
    this.#pending += 1;
    try {
      return await sent;
    } finally {
      this.#pending -= 1;
      if (this.#latest.get(request.id) === settled) this.#latest.delete(request.id);
    }
  }

  async #sendAfter(
    before: Promise<unknown> | undefined,
    request: ChangeRequest,
    expiresAt: number,
    signal: AbortSignal | undefined,
  ): Promise<Receipt> {
    await before;
    const { limits, http, closing } = this.#deps;
    const signals = signal ? [closing, signal] : [closing];
    let mayHaveGoneThrough = false;
    for (let attempts = 0; ; attempts += 1) {
      if (signals.some(({ aborted }) => aborted)) throw this.#givenUp(mayHaveGoneThrough);
      try {
        return await http.change(request, signals);
      } catch (reason) {
        const error = toParleyError(reason);
        if (!error.temporary && error.code !== "aborted") throw error;
        mayHaveGoneThrough ||= !NO_EFFECT_CODES.has(error.code);
        const waitMs = backoff(attempts, limits.backoff) + (error.retryAfterMs ?? 0);
        if (clock.now() + waitMs >= expiresAt) throw this.#givenUp(mayHaveGoneThrough, error);
        await sleep(waitMs, ...signals);
      }
    }
  }

  #givenUp(mayHaveGoneThrough: boolean, cause?: ParleyError): ParleyError {
    const { closing, closedError } = this.#deps;
    if (closing.aborted) return closedError({ mayHaveGoneThrough });
    const why = cause ? "The change's deadline passed." : "The change was aborted.";
    return mayHaveGoneThrough
      ? new ParleyError("outcome_unknown", `${why} It may have gone through.`, { mayHaveGoneThrough, cause })
      : new ParleyError("not_sent", `${why} It has not gone through.`, { temporary: true, cause });
  }
}
