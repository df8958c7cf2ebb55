/** Runs an action later. Calls of `schedule` until then cause only one run. */
export class CoalescingTimer {
  readonly #action: () => void;
  #scheduled: { readonly cancel: () => void; readonly isImmediate: boolean } | undefined;

  constructor(action: () => void) {
    this.#action = action;
  }

  /**
   * Schedules the action in `ms`, or for the next turn of the event loop if `ms` is below 1. If the action is already
   * scheduled, a call with `ms` below 1 moves it to the next turn, and any other call changes nothing.
   */
  schedule(ms: number): void {
    const isImmediate = ms < 1;
    if (this.#scheduled && (this.#scheduled.isImmediate || !isImmediate)) return;
    this.cancel();
    this.#scheduled = isImmediate ? this.#immediate() : this.#delayed(ms);
  }

  cancel(): void {
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #immediate() {
    const immediate = setImmediate(() => this.#run());
    return { isImmediate: true, cancel: () => clearImmediate(immediate) };
  }

  #delayed(ms: number) {
    const timer = setTimeout(() => this.#run(), ms);
    return { isImmediate: false, cancel: () => clearTimeout(timer) };
  }

  #run(): void {
    this.#scheduled = undefined;
    this.#action();
  }
}
