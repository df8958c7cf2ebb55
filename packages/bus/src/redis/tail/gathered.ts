/**
 * A question that many ask at once. It is asked for all together who wait, one asking at a time, and never answered
 * with what was asked before the call: an answer is as new as if everybody had asked alone.
 */
export class Gathered<T> {
  readonly #ask: () => Promise<T>;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  answer(): Promise<T> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      const asked = this.#ask();
      this.#last = asked.catch(() => undefined);
      return asked;
    });
    return this.#next;
  }
}
