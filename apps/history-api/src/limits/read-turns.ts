import { FairPool } from "@parley/async";
import type { Caller } from "./caller.ts";
import { FirstSteps } from "./first-steps.ts";
import { LoopTurns } from "./loop-turns.ts";
import { GIVE_WAY_MS, type ReadKind, ReadSteps, type ReadStepsDeps } from "./read-steps.ts";
import { orRefuse } from "./turn-refused.ts";

/**
 * Maximum number of concurrent reads: in total, per address and per user. Each read needs the memory of a page, and makes
 * the store slower for the others. Nobody waits at a screen for a part, so parts get fewer places than pages. The later
 * steps of long pages share those of parts.
 */
const PLACES = {
  page: { total: 32, perAddress: 16, perUser: 2 },
  part: { total: 8, perAddress: 1, perUser: 1 },
} as const;

export interface TurnLimits {
  /** Maximum number of requests that are admitted at the same time. As many again may wait to be admitted. */
  readonly requests: number;
  readonly requestsPerUser: number;
  readonly requestsPerAddress: number;
}

/** The waits of one read (see ReadSteps). */
export type Turn = Pick<ReadSteps, "next" | "giveWay">;

/**
 * Lets users and addresses read in turn, so that a user or an address with many reads delays the others only a little
 * (G5).
 *
 * A read waits first until it is its user's turn, and then until it is its address's turn. So a user with a long queue
 * doesn't fill the queue of an address that other users share.
 *
 * Whatever is long gives way to what is short: parts, and the later steps of a long page, wait while the first step of
 * any page is being read. Of one address, the store reads only one part or later step at a time, and rests after a slow
 * one. So a short page waits in the store for few others, and for little of each. On the event loop, the steps take turns
 * (see LoopTurns).
 */
export class ReadTurns {
  readonly #users: Readonly<Record<ReadKind, FairPool>>;
  readonly #pages: FairPool;
  readonly #steps: ReadStepsDeps;

  constructor(limits: TurnLimits, { giveWayMs = GIVE_WAY_MS } = {}) {
    this.#users = { page: poolOfUsers("page", limits), part: poolOfUsers("part", limits) };
    this.#pages = poolOfAddresses("page", limits);
    this.#steps = {
      firstSteps: new FirstSteps(),
      longSteps: poolOfAddresses("part", limits),
      loop: new LoopTurns(),
      giveWayMs,
    };
  }

  /** Reads and steps that wait for their turn. */
  get waiting(): number {
    const pools = [this.#users.page, this.#users.part, this.#pages, this.#steps.longSteps];
    return pools.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /**
   * Runs a read when it is the caller's turn. Rejects with TurnRefused if too many reads of its kind wait. Rejects with
   * the signal's reason if the signal is aborted while the read waits.
   */
  async run<T>(
    kind: ReadKind,
    caller: Caller,
    signal: AbortSignal,
    read: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    const releaseUser = await orRefuse("user", this.#users[kind].take(caller.user, signal));
    try {
      if (kind === "part") return await this.#inSteps(kind, caller, signal, read);
      const releaseAddress = await orRefuse("address", this.#pages.take(caller.address, signal));
      return await this.#inSteps(kind, caller, signal, read).finally(releaseAddress);
    } finally {
      releaseUser();
    }
  }

  async #inSteps<T>(
    kind: ReadKind,
    caller: Caller,
    signal: AbortSignal,
    read: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    const steps = new ReadSteps(this.#steps, kind, caller, signal);
    try {
      return await read(steps);
    } finally {
      steps.end();
    }
  }
}

/** A read takes a place of its user. */
function poolOfUsers(kind: ReadKind, { requests, requestsPerUser }: TurnLimits): FairPool {
  const user = { placesPerKey: PLACES[kind].perUser, waitingPerKey: requestsPerUser };
  return new FairPool({ places: requests, waiting: requests, ...user });
}

/** A page takes a place of its address after that. A part and a later step of a page take one for parts. */
function poolOfAddresses(kind: ReadKind, { requests, requestsPerAddress }: TurnLimits): FairPool {
  const { total, perAddress } = PLACES[kind];
  const address = { placesPerKey: perAddress, waitingPerKey: requestsPerAddress };
  return new FairPool({ places: total, waiting: requests, ...address });
}
