import { BatchLimit, raceAbort } from "@parley/async";
import { type LogMessage, refKey, type StoredMessage } from "@parley/models";
import { type Store, StoreUnavailable } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Deadline } from "../limits/deadline.ts";
import type { TailRefs } from "../log-tail/tail-refs.ts";

/** Maximum number of refs that the store is asked for at once. */
const MAX_BATCH = 500;

/** A question to the store, shared by all requests that wait for its answer. */
interface Question {
  readonly message: LogMessage;
  readonly refs: Refs;
  readonly answer: PromiseWithResolvers<StoredMessage | undefined>;
  /** Number of requests that wait. Without any, the store isn't asked. */
  waiting: number;
}

type Refs = Pick<TailRefs, "holderOf" | "remember">;

/**
 * Finds the stored messages that hold the refs of pending messages (step 4 in merge.ts), for all requests together.
 *
 * The store gets one question at a time, for the refs of all waiting requests, in batches that it answers in time. Its
 * answers are remembered (see TailRefs). So many requests for the same pending messages ask the store once (G5).
 *
 * A question that isn't remembered is asked after its request has called `find`, never earlier (P56).
 */
export class RefLookup {
  readonly #store: Pick<Store, "findByRef">;
  readonly #observe: Observe;
  readonly #limit = new BatchLimit(MAX_BATCH);
  /** The questions that weren't asked yet, by ref key. Bounded by the concurrent reads, each of one page. */
  readonly #questions = new Map<string, Question>();
  #isAsking = false;

  constructor(store: Pick<Store, "findByRef">, observe: Observe) {
    this.#store = store;
    this.#observe = observe;
  }

  /** Does the same as `find`, within a deadline. */
  findWithin(
    deadline: Deadline,
    messages: readonly LogMessage[],
    refs: Refs,
  ): Promise<readonly StoredMessage[]> {
    return deadline.during("store", (signal) => this.find(messages, refs, signal));
  }

  /**
   * Returns the holders of the messages' refs. `refs` belongs to the tail that has the messages. Rejects with the
   * signal's reason when the signal is aborted, and with the store's error.
   */
  async find(
    messages: readonly LogMessage[],
    refs: Refs,
    signal: AbortSignal,
  ): Promise<readonly StoredMessage[]> {
    const known = messages.map((message) => refs.holderOf(message));
    const questions = messages.flatMap((message, index) =>
      known[index] === "unknown" ? this.#question(message, refs) : [],
    );
    this.#observe({
      type: "refs",
      remembered: messages.length - questions.length,
      asked: questions.length,
    });
    const answers = await this.#answersTo(questions, signal);
    return [...known, ...answers].filter((holder) => holder !== undefined && holder !== "unknown");
  }

  async #answersTo(questions: readonly Question[], signal: AbortSignal) {
    if (questions.length === 0) return [];
    void this.#askAll();
    try {
      return await raceAbort(Promise.all(questions.map(({ answer }) => answer.promise)), signal);
    } finally {
      for (const question of questions) question.waiting -= 1;
    }
  }

  /** Returns the question that isn't asked yet, or a new one. */
  #question(message: LogMessage, refs: Refs): Question | [] {
    const key = refKey(message);
    if (key === undefined) return [];
    const question = this.#questions.get(key) ?? {
      message,
      refs,
      answer: Promise.withResolvers<StoredMessage | undefined>(),
      waiting: 0,
    };
    question.waiting += 1;
    this.#questions.set(key, question);
    return question;
  }

  /** Asks one batch after the other until no question is left. */
  async #askAll(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) await this.#ask(batch);
    this.#isAsking = false;
  }

  /** Takes the next questions that somebody waits for and that no earlier batch has answered. */
  #takeBatch(): Question[] {
    const batch: Question[] = [];
    for (const [key, question] of this.#questions) {
      if (batch.length >= this.#limit.current) break;
      this.#questions.delete(key);
      if (question.waiting === 0) continue;
      const holder = question.refs.holderOf(question.message);
      if (holder === "unknown") batch.push(question);
      else question.answer.resolve(holder);
    }
    return batch;
  }

  /** Asks the store. Never rejects: a failure rejects the answers. */
  async #ask(batch: readonly Question[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const found = await this.#store.findByRef(batch.map(({ message }) => message));
      this.#limit.answered(batch.length, performance.now() - startedAt);
      const holders = new Map(found.map((holder) => [refKey(holder), holder]));
      for (const { message, refs, answer } of batch) {
        const holder = holders.get(refKey(message));
        refs.remember(message, holder);
        answer.resolve(holder);
      }
    } catch (error) {
      if (error instanceof StoreUnavailable && error.problem === "slow") this.#limit.missed(batch.length);
      for (const { answer } of batch) answer.reject(error);
    }
  }
}
