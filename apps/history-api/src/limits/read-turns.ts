import { setImmediate as nextTurnOfLoop } from "node:timers/promises";
import { FairPool } from "@parley/async";

/** Reads of the store at the same time, and those of one user. */
const READS = 64;
const READS_PER_USER = 16;

/** Waits until it is this user's turn to use the event loop. */
export type Turn = () => Promise<void>;

/**
 * Lets users read in turn, so that one who reads much delays the others by little (G5).
 *
 * Two things are shared. A bounded number of reads runs at the same time, because each needs memory. And in each turn of
 * the event loop at most one read begins or becomes JSON: SQLite reads synchronously, and a long page becomes JSON
 * synchronously. Whatever else this process does runs between two turns.
 */
export class ReadTurns {
  readonly #reads: FairPool;
  readonly #loop: FairPool;

  /** `waiting` and `waitingPerUser` bound the reads that wait. */
  constructor({ waiting, waitingPerUser }: { readonly waiting: number; readonly waitingPerUser: number }) {
    const bounds = { waiting, waitingPerKey: waitingPerUser };
    this.#reads = new FairPool({ places: READS, placesPerKey: READS_PER_USER, ...bounds });
    this.#loop = new FairPool({ places: 1, placesPerKey: 1, waiting: READS, waitingPerKey: READS_PER_USER });
  }

  get waiting(): number {
    return this.#reads.waiting;
  }

  /** Runs a read in the user's turn. Rejects with the signal's reason if it is aborted while the read waits. */
  async run<T>(user: string, signal: AbortSignal, read: (turn: Turn) => Promise<T>): Promise<T> {
    const release = await this.#reads.take(user, signal);
    try {
      return await read(() => this.#turn(user));
    } finally {
      release();
    }
  }

  async #turn(user: string): Promise<void> {
    const release = await this.#loop.take(user);
    await nextTurnOfLoop();
    release();
  }
}
