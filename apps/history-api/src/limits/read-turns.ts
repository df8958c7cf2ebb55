import { setTimeout as sleep, setImmediate as turnOfLoop } from "node:timers/promises";
import { FairPool, PoolFull, type Release } from "@parley/async";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./fair-budget.ts";

/** A page is one answer, or the beginning of a whole conversation. A part is what follows of a whole conversation. */
export type ReadKind = "page" | "part";

/**
 * Maximum number of concurrent reads: in total, per address and per user. Each read needs the memory of a page, and makes
 * the store slower for the others. Nobody waits at a screen for a part, so parts get fewer places than pages.
 */
const PLACES = {
  page: { total: 32, perAddress: 16, perUser: 2 },
  part: { total: 8, perAddress: 2, perUser: 1 },
} as const;

/** A step of a read that blocks the event loop for longer than this is followed by a rest as long as itself. In ms. */
const LONG_STEP_MS = 2;

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

/** Waits until it is this user's turn to use the event loop. */
export type Turn = () => Promise<void>;

/**
 * Lets users and addresses read in turn, so that a user or an address with many reads delays the others only a little
 * (G5).
 *
 * A read waits first until it is its user's turn, and then until it is its address's turn. So a user with a long queue
 * doesn't fill the queue of an address that other users share.
 *
 * In each iteration of the event loop, at most one read begins or is converted to JSON. Both are synchronous: SQLite
 * blocks the process during a read, and so does the conversion of a long page. The process does its other work between
 * two iterations. After a long step no other begins for as long again: a message that is sent meanwhile takes several
 * iterations, and each would otherwise wait for such a step.
 */
export class ReadTurns {
  readonly #pools: Readonly<Record<ReadKind, Pools>>;
  readonly #loop = new FairPool({
    places: 1,
    placesPerKey: 1,
    waiting: PLACES.page.total + PLACES.part.total,
    waitingPerKey: PLACES.page.perUser + PLACES.part.perUser,
  });

  constructor(limits: TurnLimits) {
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
        return await read(() => this.#turn(caller.user, signal));
      } finally {
        releaseAddress();
      }
    } finally {
      releaseUser();
    }
  }

  async #turn(user: string, signal: AbortSignal): Promise<void> {
    const release = await this.#loop.take(user, signal);
    await turnOfLoop();
    void releaseAfterStep(release);
  }
}

/** Ends a turn: the caller's step runs as soon as this function waits for the first time. */
async function releaseAfterStep(release: Release): Promise<void> {
  const startedAt = performance.now();
  await turnOfLoop();
  const tookMs = performance.now() - startedAt;
  if (tookMs > LONG_STEP_MS) await sleep(tookMs);
  release();
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
