import type { Gathering } from "./gathering.ts";

/**
 * Runs work that changes subscriptions, one run at a time. Requests that come while a run is under way share the next run, and
 * so do requests that follow each other closely (see Gathering).
 */
export class BatchRunner {
  readonly #run: () => Promise<void>;
  readonly #gathering: Gathering;
  /** The run that begins next, and the last one that has begun. */
  #next: Promise<void> | undefined;
  #current: Promise<void> | undefined;

  /** `run` must not reject. */
  constructor(run: () => Promise<void>, gathering: Gathering) {
    this.#run = run;
    this.#gathering = gathering;
  }

  /** Resolves when a run that began after this call has ended. Doesn't wait for later runs. */
  request(): Promise<void> {
    this.#next ??= this.#runNext();
    return this.#next;
  }

  /** Resolves when all runs that were requested have ended. */
  async idle(): Promise<void> {
    await Promise.all([this.#current, this.#next]);
  }

  async #runNext(): Promise<void> {
    await this.#current;
    await this.#gathering.next();
    this.#next = undefined;
    this.#current = this.#run();
    await this.#current;
  }
}
