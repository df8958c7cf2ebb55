import { type BackoffLimits, backoffMs, sleep } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { InsertOutcome, Store } from "@parley/store";
import { isUnavailable, reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

export type InsertResult =
  | { readonly kind: "answered"; readonly inserted: readonly InsertOutcome[] }
  /** The store is available but refuses these messages as a group. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The store was unavailable and the signal was aborted. Any of the messages may have been stored. */
  | { readonly kind: "stopped" };

/** A group that is refused this often is inserted one by one (L10). */
const MAX_GROUP_ATTEMPTS = 3;

/**
 * Writes to the store and waits out its outages. During an outage the same messages are retried for ever, and the
 * caller reads nothing more from the log. This is the backpressure: messages wait in the log, within the log's bound
 * (L7, G5).
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

  /** Reason why nothing can be stored now, or undefined if the last attempt got an answer. */
  problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Creates the tables or indexes that the store needs. Retries any failure until `signal` is aborted, because an
   * operator may be repairing the cause.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#untilAnswered(
      () => this.#store.prepare(),
      signal,
      () => true,
    );
  }

  /** Inserts messages as one group. Retries an outage until `signal` is aborted, and a refused group twice. */
  async insert(messages: readonly LogMessage[], signal: AbortSignal): Promise<InsertResult> {
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
        if (attempt === MAX_GROUP_ATTEMPTS || signal.aborted) return { kind: "refused", reason };
        await sleep(backoffMs(attempt, this.#retry), signal);
      }
    }
  }

  /**
   * Retries `operation` while it fails with an outage. Rejects with any other failure. If an attempt is in flight when
   * `signal` is aborted, waits for it and uses its result.
   */
  async #untilAnswered<Answer>(
    operation: () => Promise<Answer>,
    signal: AbortSignal,
    isOutage: (error: unknown) => boolean,
  ): Promise<Answer | "stopped"> {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await operation();
        this.#recovered(attempt, startedAt);
        return answer;
      } catch (error) {
        if (!isOutage(error)) {
          this.#recovered(attempt, startedAt);
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

  #recovered(attempts: number, startedAt: number): void {
    this.#problem = undefined;
    if (attempts > 1) this.#observe({ type: "recovered", attempts, ms: performance.now() - startedAt });
  }
}
