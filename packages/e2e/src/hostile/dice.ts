import { randomFrom } from "@parley/testkit";

/** Makes random choices. The same seed always gives the same choices. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** Returns a whole number from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** Returns true once in `times` calls, on average. */
  once(times: number): boolean {
    return this.number(times) === 0;
  }

  /** Returns one of the options. There must be at least one. */
  pick<const T>(options: readonly T[]): T {
    return options[this.number(options.length)] as T;
  }

  /** Returns a random selection that includes each option with a probability of one half. */
  some<T>(options: readonly T[]): T[] {
    return options.filter(() => this.once(2));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.number(256)));
  }
}
