/** Measurements of the users during one phase. Times are ms. */
export class Samples {
  /** Time from a send to its ack. */
  readonly acks: number[] = [];
  /** Time of one history page. */
  readonly pages: number[] = [];
  /** Time from a new connection to `ready`. */
  readonly connects: number[] = [];
  readonly #refusals = new Map<string, number>();

  refuse(what: string): void {
    this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + 1);
  }

  /** Everything that the users were refused, and how often. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }
}
