import { ORIGIN } from "@parley/models";

/**
 * Accepts every message once for each audience, in log order (P21). The live stream is in log order over all
 * audiences together, but after an interruption it may deliver messages again. This filter drops them for all
 * connections.
 *
 * A private message comes twice with the same id, for the audiences of its sender and its recipient.
 */
export class ReplayFilter {
  #floor: string = ORIGIN;
  #last: string = ORIGIN;
  /** Audiences that have got the message `#last`. Not a set: see `#writeDirect` of write-scheduler.ts. */
  #delivered: string[] = [];

  accepts(audience: string, id: string): boolean {
    if (id <= this.#floor || id < this.#last) return false;
    if (id > this.#last) {
      this.#last = id;
      this.#delivered = [];
    } else if (this.#delivered.includes(audience)) {
      return false;
    }
    this.#delivered.push(audience);
    return true;
  }

  /** Continues after `cursor`. If the log was replaced, ids may be smaller than before (L18). */
  restartAfter(cursor: string): void {
    this.#floor = cursor;
    this.#last = cursor;
    this.#delivered = [];
  }
}
