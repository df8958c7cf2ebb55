/** Number of writes, and their bytes, between two looks at the clock: a look takes time, too. */
const LOOK_AFTER_WRITES = 32;
const LOOK_AFTER_BYTES = 256 * 1024;

/** Ends a turn of writes once its time is over, whether it has many writes or long ones. */
export class WriteTurn {
  readonly #endsAt: number;
  #writes = 0;
  #bytes = 0;

  /** @param endsAt A time of `performance.now`. */
  constructor(endsAt: number) {
    this.#endsAt = endsAt;
  }

  /** Counts a write. Returns true if the turn is over. */
  wrote(bytes: number): boolean {
    this.#writes += 1;
    this.#bytes += bytes;
    if (this.#writes < LOOK_AFTER_WRITES && this.#bytes < LOOK_AFTER_BYTES) return false;
    this.#writes = 0;
    this.#bytes = 0;
    return performance.now() > this.#endsAt;
  }
}
