import { type BackoffLimits, BatchLimit, backoffMs, sleep } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { InsertOptions, InsertOutcome, PrepareOptions, Store } from "@parley/store";
import { isTooSlow, isUnavailable, reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

export type InsertResult =
  | { readonly kind: "answered"; readonly inserted: readonly InsertOutcome[] }
  /** The store is available but refuses these messages as a group. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The store was unavailable. Any of the messages may have been stored. */
  | { readonly kind: "unavailable" }
  /** The same, and the signal was aborted. */
  | { readonly kind: "stopped" };

/** The largest batch, and the first one. The log delivers no more at once. */
const MAX_BATCH = 500;
/** A group that is refused this often is inserted one by one (L10). */
const MAX_GROUP_ATTEMPTS = 3;

/**
 * Writes to the store, and waits after each attempt that the store doesn't answer. Knows how many messages the store
 * manages at once (see BatchLimit).
 */
export class StoreWriter {
  readonly #store: Pick<Store, "prepare" | "insert">;
  readonly #observe: Observe;
  readonly #retry: BackoffLimits;
  readonly #limit = new BatchLimit(MAX_BATCH);
  #problem: string | undefined = "the store has not answered yet";
  /** The outage that hasn't ended yet: the time of its first failure, and the number of failed attempts. */
  #outage: { readonly startedAt: number; attempts: number } | undefined;

  constructor(store: Pick<Store, "prepare" | "insert">, observe: Observe, retry: BackoffLimits) {
    this.#store = store;
    this.#observe = observe;
    this.#retry = retry;
    observe({ type: "batch-limit", messages: this.#limit.current });
  }

  /** The maximum number of messages that the next insert should have. */
  get batchLimit(): number {
    return this.#limit.current;
  }

  /** Reason why nothing can be stored now, or undefined if the last attempt got an answer. */
  problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Creates the tables or indexes that the store needs. Retries any failure until `signal` is aborted, because an
   * operator may be repairing the cause.
   */
  async prepare(options: PrepareOptions, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#store.prepare(options);
        return this.#recovered();
      } catch (error) {
        await this.#wait(error, signal);
      }
    }
  }

  /**
   * Inserts messages as one group. After an outage, waits and returns, because the caller may repeat fewer messages. A
   * refused group is retried twice.
   */
  async insert(
    messages: readonly LogMessage[],
    options: InsertOptions,
    signal: AbortSignal,
  ): Promise<InsertResult> {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      try {
        const inserted = await this.#store.insert(messages, options);
        const ms = performance.now() - startedAt;
        this.#recovered();
        this.#changeLimit((limit) => limit.answered(messages.length, ms));
        this.#observe({ type: "insert", messages: messages.length, ms });
        return { kind: "answered", inserted };
      } catch (error) {
        if (isUnavailable(error)) return await this.#waitAfterOutage(error, messages.length, signal);
        this.#recovered();
        const reason = reasonOf(error);
        if (messages.length === 1) return { kind: "refused", reason };
        this.#observe({ type: "group-failed", messages: messages.length, reason });
        if (attempt === MAX_GROUP_ATTEMPTS || signal.aborted) return { kind: "refused", reason };
        await sleep(backoffMs(attempt, this.#retry), signal);
      }
    }
  }

  async #waitAfterOutage(error: unknown, messages: number, signal: AbortSignal): Promise<InsertResult> {
    // A store that can't be reached, or fails at once, says nothing about the size of a batch.
    if (isTooSlow(error)) this.#changeLimit((limit) => limit.missed(messages));
    await this.#wait(error, signal);
    return { kind: signal.aborted ? "stopped" : "unavailable" };
  }

  #changeLimit(change: (limit: BatchLimit) => void): void {
    const before = this.#limit.current;
    change(this.#limit);
    const { current } = this.#limit;
    if (current !== before) this.#observe({ type: "batch-limit", messages: current });
  }

  /** Reports a failed attempt and waits until the next one. */
  async #wait(error: unknown, signal: AbortSignal): Promise<void> {
    this.#outage ??= { startedAt: performance.now(), attempts: 0 };
    this.#outage.attempts += 1;
    const { attempts } = this.#outage;
    const retryInMs = backoffMs(attempts, this.#retry);
    this.#problem = `the store does not answer: ${reasonOf(error)}`;
    this.#observe({ type: "outage", attempt: attempts, retryInMs, reason: reasonOf(error) });
    await sleep(retryInMs, signal);
  }

  #recovered(): void {
    this.#problem = undefined;
    if (!this.#outage) return;
    const { attempts, startedAt } = this.#outage;
    this.#outage = undefined;
    this.#observe({ type: "recovered", attempts: attempts + 1, ms: performance.now() - startedAt });
  }
}
