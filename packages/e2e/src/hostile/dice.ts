import { randomFrom } from "@parley/testkit";

/** Random choices that are the same for the same seed. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** A whole number from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** Returns true once in `times` calls, on average. */
  once(times: number): boolean {
    return this.number(times) === 0;
  }

  /** One of the options, of which there must be one at least. */
  pick<const T>(options: readonly T[]): T {
    return options[this.number(options.length)] as T;
  }

  /** Each option independently, or not. */
  some<T>(options: readonly T[]): T[] {
    return options.filter(() => this.once(2));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.number(256)));
  }
}
