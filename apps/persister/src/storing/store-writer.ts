import { type BackoffLimits, backoffMs, sleep } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { InsertOutcome, Store } from "@parley/store";
import { isUnavailable, reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

export type Written =
  | { readonly kind: "answered"; readonly inserted: readonly InsertOutcome[] }
  /** The store answers, but not to these messages together. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It was away, and the signal says not to go on trying. Any of the messages may be kept. */
  | { readonly kind: "stopped" };

/** How often a group may be refused before its messages go alone (L10). */
const GROUP_ATTEMPTS = 3;

/**
 * Rides out the store's outages: while it is away the same messages are tried again, in place and for ever, and the
 * caller reads nothing more from the log. That is the back-pressure: what waits, waits in the log, within the
 * log's bound (L7, G5).
 */
export class StoreWriter {
  readonly #store: Pick<Store, "prepare" | "insert">;
  readonly #observe: Observe;
  readonly #retry: BackoffLimits;
  #problem: string | undefined = "the store has not answered yet";

  constructor(store: Pick<Store, "prepare" | "insert">, observe: Observe, retry: BackoffLimits) {
    this.#store = store;
    this.#observe = observe;
    this.#retry = retry;
  }

  problem(): string | undefined {
    return this.#problem;
  }

  /** Makes what the store needs, however long that takes. Any failure is tried again: an operator may be at work. */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#untilAnswered(
      () => this.#store.prepare(),
      signal,
      () => true,
    );
  }

  async insert(messages: readonly LogMessage[], signal: AbortSignal): Promise<Written> {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      try {
        const inserted = await this.#untilAnswered(() => this.#store.insert(messages), signal, isUnavailable);
        if (inserted === "stopped") return { kind: "stopped" };
        this.#observe({ type: "insert", messages: messages.length, ms: performance.now() - startedAt });
        return { kind: "answered", inserted };
      } catch (error) {
        const reason = reasonOf(error);
        if (messages.length === 1) return { kind: "refused", reason };
        this.#observe({ type: "group-failed", messages: messages.length, reason });
        if (attempt === GROUP_ATTEMPTS || signal.aborted) return { kind: "refused", reason };
        await sleep(backoffMs(attempt, this.#retry), signal);
      }
    }
  }

  /** Rejects with what `isOutage` denies. An attempt that is under way when `signal` is aborted still counts. */
  async #untilAnswered<Answer>(
    ask: () => Promise<Answer>,
    signal: AbortSignal,
    isOutage: (error: unknown) => boolean,
  ): Promise<Answer | "stopped"> {
    const since = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await ask();
        this.#recovered(attempt, since);
        return answer;
      } catch (error) {
        if (!isOutage(error)) {
          this.#recovered(attempt, since);
          throw error;
        }
        const retryInMs = backoffMs(attempt, this.#retry);
        this.#problem = `the store does not answer: ${reasonOf(error)}`;
        this.#observe({ type: "outage", attempt, retryInMs, reason: reasonOf(error) });
        await sleep(retryInMs, signal);
        if (signal.aborted) return "stopped";
      }
    }
  }

  #recovered(attempt: number, since: number): void {
    this.#problem = undefined;
    if (attempt > 1) this.#observe({ type: "recovered", attempts: attempt, ms: performance.now() - since });
  }
}
