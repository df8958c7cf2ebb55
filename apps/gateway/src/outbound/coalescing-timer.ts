/** One thing to be done later, once, however often it is asked for. */
export class WakeUp {
  readonly #act: () => void;
  #due: { readonly cancel: () => void; readonly isAtOnce: boolean } | undefined;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** In so many ms; below 1 as soon as other events have had their turn. Where it is due already, only that hastens it. */
  within(ms: number): void {
    const isAtOnce = ms < 1;
    if (this.#due && (this.#due.isAtOnce || !isAtOnce)) return;
    this.cancel();
    this.#due = isAtOnce ? this.#immediately() : this.#later(ms);
  }

  cancel(): void {
    this.#due?.cancel();
    this.#due = undefined;
  }

  #immediately() {
    const immediate = setImmediate(() => this.#now());
    return { isAtOnce: true, cancel: () => clearImmediate(immediate) };
  }

  #later(ms: number) {
    const timer = setTimeout(() => this.#now(), ms);
    return { isAtOnce: false, cancel: () => clearTimeout(timer) };
  }

  #now(): void {
    this.#due = undefined;
    this.#act();
  }
}
