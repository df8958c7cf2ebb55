import { ORIGIN } from "@parley/models";

/**
 * Lets every message through once to each audience, in log order (P21). The stream comes in order over all
 * audiences together, but after a repair it may tell again what was told already: that is dropped here, once for
 * all connections. A message for sender and recipient comes twice with one id, for two audiences.
 */
export class LogOrder {
  #floor: string = ORIGIN;
  #last: string = ORIGIN;
  readonly #told = new Set<string>();

  admits(audience: string, id: string): boolean {
    if (id <= this.#floor || id < this.#last) return false;
    if (id > this.#last) {
      this.#last = id;
      this.#told.clear();
    } else if (this.#told.has(audience)) {
      return false;
    }
    this.#told.add(audience);
    return true;
  }

  /** The stream goes on after `cursor`, which may lie before what was told: the log was replaced (L18). */
  restartAfter(cursor: string): void {
    this.#floor = cursor;
    this.#last = cursor;
    this.#told.clear();
  }
}
