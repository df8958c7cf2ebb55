import { laterOf, ORIGIN } from "@parley/models";

/**
 * The greatest id that this process has met, in what it appended or heard live. The append script never gives out
 * one at or below it, whatever became of the log and of clocks (L1).
 */
export class Seen {
  #greatest: string = ORIGIN;

  get greatest(): string {
    return this.#greatest;
  }

  /** `id` is a message id. */
  raise(id: string): void {
    this.#greatest = laterOf(this.#greatest, id);
  }
}
