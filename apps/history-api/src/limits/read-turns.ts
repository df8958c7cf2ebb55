import { setTimeout as sleep, setImmediate as turnOfLoop } from "node:timers/promises";
import { FairPool, PoolFull, type Release, raceAbort } from "@parley/async";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./fair-budget.ts";

/** A page is one answer, or the beginning of a whole conversation. A part is what follows of a whole conversation. */
export type ReadKind = "page" | "part";

/**
 * Maximum number of concurrent reads: in total, per address and per user. Each read needs the memory of a page, and makes
 * the store slower for the others. Nobody waits at a screen for a part, so parts get fewer places than pages.
 */
const PLACES = {
  page: { total: 32, perAddress: 16, perUser: 1 },
  part: { total: 8, perAddress: 1, perUser: 1 },
} as const;

/** A read gives way for at most this time at once, in ms, so that it ends under any load. */
const GIVE_WAY_MS = 100;

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

/** The waits of one read. A read that is aborted while it waits rejects with the reason. */
export interface Turn {
  /** Waits until it is this user's turn to use the event loop. Call it before each step that blocks the loop. */
  next(): Promise<void>;
  /** The same, and before that lets the pages begin that wait for this read. Call it between the steps of a long read. */
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
 * any page is being read. So a short page waits in the store for few others.
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

  /** Pages whose first step is being read. */
  #begun = 0;
  #allBegun = Promise.withResolvers<void>();

  readonly #giveWayMs: number;

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
        return await this.#inSteps(kind, caller.user, signal, read);
      } finally {
        releaseAddress();
      }
    } finally {
      releaseUser();
    }
  }

  async #inSteps<T>(
    kind: ReadKind,
    user: string,
    signal: AbortSignal,
    read: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    const next = () => this.#turn(user, signal);
    const endFirstStep = kind === "page" ? this.#beginFirstStep() : () => undefined;
    const giveWay = async (): Promise<void> => {
      endFirstStep();
      await this.#untilAllBegun(signal);
      await next();
    };
    try {
      if (kind === "part") await this.#untilAllBegun(signal);
      return await read({ next, giveWay });
    } finally {
      endFirstStep();
    }
  }

  /** Counts the first step of a page until the returned function is called. */
  #beginFirstStep(): () => void {
    let isOver = false;
    this.#begun += 1;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#begun -= 1;
      if (this.#begun > 0) return;
      this.#allBegun.resolve();
      this.#allBegun = Promise.withResolvers();
    };
  }

  async #untilAllBegun(signal: AbortSignal): Promise<void> {
    if (this.#begun === 0) return;
    const longEnough = new AbortController();
    const limit = sleep(this.#giveWayMs, undefined, { signal: longEnough.signal }).catch(() => undefined);
    await raceAbort(Promise.race([this.#allBegun.promise, limit]), signal).finally(() => longEnough.abort());
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
