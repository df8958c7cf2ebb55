import { type BackoffLimits, BatchLimit, backoffMs, sleep } from "@parley/async";
import type { LogChange, LogMessage } from "@parley/models";
import type {
  ChangeOptions,
  ChangeOutcome,
  InsertOptions,
  InsertOutcome,
  PrepareOptions,
  Store,
} from "@parley/store";
import { isTooSlow, isUnavailable, reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

/** The result of writing a group of messages or changes. */
export type WriteResult<Answer> =
  | { readonly kind: "answered"; readonly answers: readonly Answer[] }
  /** The store is available but refuses these entries as a group. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The store was unavailable. Any of the entries may have been stored. */
  | { readonly kind: "unavailable" }
  /** The same, and the signal was aborted. */
  | { readonly kind: "stopped" };

/** The largest batch, and the first one. The log delivers no more at once. */
const MAX_BATCH = 500;
/** A group that is refused this often is written one by one (L10). */
const MAX_GROUP_ATTEMPTS = 3;

/**
 * Writes to the store, and waits after each attempt that the store doesn't answer. Knows how many entries the store
 * manages at once (see BatchLimit).
 */
export class StoreWriter {
  readonly #store: Pick<Store, "prepare" | "insert" | "change">;
  readonly #observe: Observe;
  readonly #retry: BackoffLimits;
  readonly #limit = new BatchLimit(MAX_BATCH);
  #problem: string | undefined = "the store has not answered yet";
  /** The outage that hasn't ended yet: the time of its first failure, and the number of failed attempts. */
  #outage: { readonly startedAt: number; attempts: number } | undefined;

  constructor(store: Pick<Store, "prepare" | "insert" | "change">, observe: Observe, retry: BackoffLimits) {
    this.#store = store;
    this.#observe = observe;
    this.#retry = retry;
    observe({ type: "batch-limit", messages: this.#limit.current });
  }

  /** The maximum number of messages or changes that the next write should have. */
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

  insert(
    messages: readonly LogMessage[],
    options: InsertOptions,
    signal: AbortSignal,
  ): Promise<WriteResult<InsertOutcome>> {
    return this.#write(
      messages.length,
      () => this.#store.insert(messages, options),
      signal,
      (ms) => this.#observe({ type: "insert", messages: messages.length, ms }),
    );
  }

  change(
    changes: readonly LogChange[],
    options: ChangeOptions,
    signal: AbortSignal,
  ): Promise<WriteResult<ChangeOutcome>> {
    return this.#write(
      changes.length,
      () => this.#store.change(changes, options),
      signal,
      (ms) => this.#observe({ type: "change", changes: changes.length, ms }),
    );
  }

  /**
   * Writes entries as one group. After an outage, waits and returns, because the caller may repeat fewer entries. A
   * refused group is retried twice.
   */
  async #write<Answer>(
    size: number,
    write: () => Promise<readonly Answer[]>,
    signal: AbortSignal,
    onAnswered: (ms: number) => void,
  ): Promise<WriteResult<Answer>> {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      try {
        const answers = await write();
        const ms = performance.now() - startedAt;
        this.#recovered();
        this.#changeLimit((limit) => limit.answered(size, ms));
        onAnswered(ms);
        return { kind: "answered", answers };
      } catch (error) {
        if (isUnavailable(error)) return await this.#waitAfterOutage(error, size, signal);
        this.#recovered();
        const reason = reasonOf(error);
        if (size === 1) return { kind: "refused", reason };
        this.#observe({ type: "group-failed", messages: size, reason });
        if (attempt === MAX_GROUP_ATTEMPTS || signal.aborted) return { kind: "refused", reason };
        await sleep(backoffMs(attempt, this.#retry), signal);
      }
    }
  }

  async #waitAfterOutage(
    error: unknown,
    size: number,
    signal: AbortSignal,
  ): Promise<{ readonly kind: "stopped" | "unavailable" }> {
    // A store that can't be reached, or fails at once, says nothing about the size of a batch.
    if (isTooSlow(error)) this.#changeLimit((limit) => limit.missed(size));
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
