import { FairPool, PoolFull, type Release } from "@parley/async";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./fair-budget.ts";
import { FirstSteps } from "./first-steps.ts";
import { LoopTurns } from "./loop-turns.ts";

/** A page is one answer, or the beginning of a whole conversation. A part is what follows of a whole conversation. */
export type ReadKind = "page" | "part";

/**
 * Maximum number of concurrent reads: in total, per address and per user. Each read needs the memory of a page, and makes
 * the store slower for the others. Nobody waits at a screen for a part, so parts get fewer places than pages.
 */
const PLACES = {
  page: { total: 32, perAddress: 16, perUser: 2 },
  part: { total: 8, perAddress: 1, perUser: 1 },
} as const;

/** Maximum time that a read gives way at once, and in all its steps, in ms. So it ends under any load. */
const GIVE_WAY_MS = { step: 100, read: 1_000 };

export interface TurnLimits {
  /** Maximum number of requests that are admitted at the same time. As many again may wait to be admitted. */
  readonly requests: number;
  readonly requestsPerUser: number;
  readonly requestsPerAddress: number;
}

/** A read was refused, because too many reads of its user, of its address or of all callers wait (see `share`). */
export class TurnRefused extends Error {
  override readonly name = "TurnRefused";
  readonly share: Refusal;

  constructor(share: Refusal) {
    super("too many reads wait");
    this.share = share;
  }
}

/** The waits of one read. A read that is aborted while it waits rejects with the reason. */
export interface Turn {
  /** Waits until it is this user's turn to use the event loop. Call it before each step that blocks the loop. */
  next(): Promise<void>;
  /** The same before the next step of a long read in the store. Waits until it is this read's turn there, too. */
  giveWay(): Promise<void>;
}

/**
 * Lets users and addresses read in turn, so that a user or an address with many reads delays the others only a little
 * (G5).
 *
 * A read waits first until it is its user's turn, and then until it is its address's turn. So a user with a long queue
 * doesn't fill the queue of an address that other users share.
 *
 * Whatever is long gives way to what is short: parts, and the later steps of a long page, wait while the first step of
 * any page is being read. Of one address, the store reads only one part or later step at a time. So a short page waits
 * in the store for few others, and for little of each. On the event loop, the steps take turns (see LoopTurns).
 */
export class ReadTurns {
  readonly #pools: Readonly<Record<ReadKind, Pools>>;
  readonly #loop = new LoopTurns({
    waiting: PLACES.page.total + PLACES.part.total,
    waitingPerUser: PLACES.page.perUser + PLACES.part.perUser,
  });
  readonly #firstSteps = new FirstSteps();
  readonly #giveWayMs: typeof GIVE_WAY_MS;

  constructor(limits: TurnLimits, { giveWayMs = GIVE_WAY_MS } = {}) {
    this.#giveWayMs = giveWayMs;
    this.#pools = { page: createPools("page", limits), part: createPools("part", limits) };
  }

  /** Reads that wait for their turn. */
  get waiting(): number {
    const { page, part } = this.#pools;
    return [page, part].reduce((sum, { users, addresses }) => sum + users.waiting + addresses.waiting, 0);
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
    const { users, addresses } = this.#pools[kind];
    const releaseUser = await orRefuse("user", users.take(caller.user, signal));
    try {
      const releaseAddress = await orRefuse("address", addresses.take(caller.address, signal));
      try {
        return kind === "page"
          ? await this.#page(caller, signal, read)
          : await this.#part(caller, signal, read);
      } finally {
        releaseAddress();
      }
    } finally {
      releaseUser();
    }
  }

  async #page<T>(
    { user, address }: Caller,
    signal: AbortSignal,
    read: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    let endStep = this.#firstSteps.begin();
    let isLong = false;
    let patienceMs = this.#giveWayMs.read;
    const next = async (): Promise<void> => {
      if (!isLong) return this.#loop.short(user, signal);
      // What follows uses the event loop and not the store.
      endStep();
      await this.#loop.long(user, signal);
    };
    const giveWay = async (): Promise<void> => {
      endStep();
      isLong = true;
      endStep = await orRefuse("address", this.#pools.part.addresses.take(address, signal));
      const maxMs = Math.min(this.#giveWayMs.step, patienceMs);
      patienceMs -= await this.#firstSteps.untilNone(maxMs, signal);
      await this.#loop.long(user, signal);
    };
    try {
      return await read({ next, giveWay });
    } finally {
      endStep();
    }
  }

  async #part<T>({ user }: Caller, signal: AbortSignal, read: (turn: Turn) => Promise<T>): Promise<T> {
    await this.#firstSteps.untilNone(this.#giveWayMs.step, signal);
    const next = () => this.#loop.long(user, signal);
    return await read({ next, giveWay: next });
  }
}

/** The pools of one kind of read. A read takes a place of its user, and then one of its address. */
interface Pools {
  readonly users: FairPool;
  readonly addresses: FairPool;
}

function createPools(kind: ReadKind, { requests, requestsPerUser, requestsPerAddress }: TurnLimits): Pools {
  const { total, perAddress, perUser } = PLACES[kind];
  const user = { placesPerKey: perUser, waitingPerKey: requestsPerUser };
  const address = { placesPerKey: perAddress, waitingPerKey: requestsPerAddress };
  return {
    users: new FairPool({ places: requests, waiting: requests, ...user }),
    addresses: new FairPool({ places: total, waiting: requests, ...address }),
  };
}

async function orRefuse(own: Refusal, place: Promise<Release>): Promise<Release> {
  try {
    return await place;
  } catch (error) {
    throw error instanceof PoolFull ? new TurnRefused(error.limit === "key" ? own : "all") : error;
  }
}
