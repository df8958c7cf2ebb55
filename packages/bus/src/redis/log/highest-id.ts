import { laterOf, ORIGIN } from "@parley/models";

/**
 * The highest id that this process has appended, received live or read from the log, of any kind of entry. The append
 * script assigns only higher ids, even if the log was replaced or a clock went back (L1).
 */
export class HighestId {
  #value: string = ORIGIN;

  get value(): string {
    return this.#value;
  }

  /** Raises the value to `id` if that is higher. */
  raise(id: string): void {
    this.#value = laterOf(this.#value, id);
  }
}
