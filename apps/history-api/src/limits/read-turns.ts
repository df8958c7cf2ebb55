import { setImmediate as nextTurnOfLoop } from "node:timers/promises";
import { FairPool, PoolFull, type Release } from "@parley/async";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./fair-budget.ts";

/** Reads at the same time: each needs the memory of a page. One user and one address have a part of them. */
const READS = 64;
const READS_PER_ADDRESS = 32;
const READS_PER_USER = 16;

export interface TurnLimits {
  /** Requests that are admitted at the same time, and requests that wait for that, at most. */
  readonly requests: number;
  readonly requestsPerUser: number;
  readonly requestsPerAddress: number;
}

/** Too many reads wait: of the caller's user, of its address, or of all. */
export class TurnRefused extends Error {
  override readonly name = "TurnRefused";
  readonly share: Refusal;

  constructor(share: Refusal) {
    super("too many reads wait");
    this.share = share;
  }
}

/** Waits until it is this user's turn to use the event loop. */
export type Turn = () => Promise<void>;

/**
 * Lets users and addresses read in turn, so that one that reads much delays the others by little (G5).
 *
 * A read waits first among the reads of all users and then among those of all addresses. So a user with a long queue
 * doesn't fill the queue of the address that it shares with others.
 *
 * In each turn of the event loop at most one read begins or becomes JSON: SQLite reads synchronously, and a long page
 * becomes JSON synchronously. Whatever else this process does runs between two turns.
 */
export class ReadTurns {
  readonly #users: FairPool;
  readonly #addresses: FairPool;
  readonly #loop = new FairPool({
    places: 1,
    placesPerKey: 1,
    waiting: READS,
    waitingPerKey: READS_PER_USER,
  });

  constructor({ requests, requestsPerUser, requestsPerAddress }: TurnLimits) {
    this.#users = new FairPool({
      places: requests,
      placesPerKey: READS_PER_USER,
      waiting: requests,
      waitingPerKey: requestsPerUser,
    });
    this.#addresses = new FairPool({
      places: READS,
      placesPerKey: READS_PER_ADDRESS,
      waiting: requests,
      waitingPerKey: requestsPerAddress,
    });
  }

  /** Reads that wait for their turn. */
  get waiting(): number {
    return this.#users.waiting + this.#addresses.waiting;
  }

  /**
   * Runs a read in its turn. Rejects with TurnRefused if too many wait, and with the signal's reason if it is aborted
   * while the read waits.
   */
  async run<T>(caller: Caller, signal: AbortSignal, read: (turn: Turn) => Promise<T>): Promise<T> {
    const releaseUser = await orRefuse("user", this.#users.take(caller.user, signal));
    try {
      const releaseAddress = await orRefuse("address", this.#addresses.take(caller.address, signal));
      try {
        return await read(() => this.#turn(caller.user));
      } finally {
        releaseAddress();
      }
    } finally {
      releaseUser();
    }
  }

  async #turn(user: string): Promise<void> {
    const release = await this.#loop.take(user);
    await nextTurnOfLoop();
    release();
  }
}

async function orRefuse(own: Refusal, place: Promise<Release>): Promise<Release> {
  try {
    return await place;
  } catch (error) {
    throw error instanceof PoolFull ? new TurnRefused(error.limit === "key" ? own : "all") : error;
  }
}
