import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

/** Minimum time between two commands that change subscriptions, in ms. What comes meanwhile shares the next one. */
export const GATHER_MS = 2;

/** The clock of a Gathering. Tests replace it. */
export interface GatherClock {
  /** Monotonic time in ms. */
  readonly now: () => number;
  /** Resolves after so many ms. */
  readonly wait: (ms: number) => Promise<unknown>;
}

const SYSTEM_CLOCK: GatherClock = { now: () => performance.now(), wait: delay };

/**
 * Gathers changes of subscriptions, so that thousands of clients that reconnect at once need few commands. A change that
 * comes alone waits for the end of its turn of the event loop. Changes that follow each other closely wait until
 * `GATHER_MS` have passed since the last command.
 */
export class Gathering {
  readonly #clock: GatherClock;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(clock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  /** Resolves when the next command may be sent. Must not be called again before that. */
  async next(): Promise<void> {
    const restMs = this.#lastAt + GATHER_MS - this.#clock.now();
    await (restMs > 0 ? this.#clock.wait(restMs) : nextTurn());
    this.#lastAt = this.#clock.now();
  }
}
