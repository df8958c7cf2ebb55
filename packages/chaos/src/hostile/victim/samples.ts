/** Measurements of the users during one phase. Times are in ms. */
export class Samples {
  /** Time from a send to its ack. */
  readonly acks: number[] = [];
  /** Time from a request for a history page to the end of the answer. */
  readonly pages: number[] = [];
  /** Time from a new connection to `ready`. */
  readonly connects: number[] = [];
  readonly #refusals = new Map<string, number>();

  refuse(what: string): void {
    this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + 1);
  }

  /** Number of refusals that the users got, by kind. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }
}
