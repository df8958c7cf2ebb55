/** Requests that may wait behind the one being answered. Common clients send at most one request ahead. */
const MAX_WAITING = 8;

/**
 * Begins the requests of one connection one at a time, in order. The next request begins when the answer to the
 * previous one has been written out. So one connection never uses more than one slot of a limit on concurrent work
 * (G5).
 */
export class RequestQueue {
  readonly #maxWaiting: number;
  /** Created when it is needed: few connections ever send a request ahead. */
  #waiting: (() => void)[] | undefined;
  #isBusy = false;

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** True from the beginning of a request until it is answered and no other one waits. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Begins a request now or after its predecessors. Returns false, and drops the request, if too many wait. */
  add(begin: () => void): boolean {
    if (!this.#isBusy) {
      this.#isBusy = true;
      begin();
      return true;
    }
    this.#waiting ??= [];
    if (this.#waiting.length >= this.#maxWaiting) return false;
    this.#waiting.push(begin);
    return true;
  }

  /** Must be called when the current request has been answered. Begins the next one. */
  next(): void {
    const begin = this.#waiting?.shift();
    if (begin) begin();
    else this.#isBusy = false;
  }

  /** Drops the requests that wait: their connection has ended, so no answer could reach the client. */
  clear(): void {
    this.#waiting = undefined;
  }
}
