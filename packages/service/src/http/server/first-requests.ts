import { performance } from "node:perf_hooks";

/**
 * First requests of one address that begin without a wait, in each BURST_MS. A page opens six connections, and each is
 * used again.
 */
const BURST = 16;
const BURST_MS = 100;
/** On a busy event loop one waiting request of each address begins in this time, in ms. */
const MAX_PAUSE_MS = 5;
/**
 * Waiting requests that begin after a turn without events. One at a time would cost more turns of the loop, and each more of
 * them keeps the steps of others, between which the loop also has turns without events, waiting for longer.
 */
const PER_IDLE_TURN = 2;

/** The event loop, as FirstRequests sees it. Tests replace it. */
export interface EventLoop {
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Number of events from sockets, files and threads so far. */
  readonly events: () => number;
  /** Calls back once in each turn of the loop, after the turn's events. */
  readonly afterEvents: (callback: () => void) => void;
}

const EVENT_LOOP: EventLoop = {
  now: () => performance.now(),
  events: () => performance.nodeTiming.uvMetricsInfo.events,
  afterEvents: (callback) => void setImmediate(callback),
};

/** The waiting requests of one address, oldest first. */
interface Share {
  readonly address: string;
  readonly waiting: Set<WaitingRequest>;
  /** Time at which a waiting request of this address last began, or at which the first one began to wait. */
  pausedAt: number;
}

/** A first request that waits for its turn. */
export interface WaitingRequest {
  readonly share: Share;
  readonly begin: () => void;
}

/**
 * Begins the first requests of connections. An address that opens many connections at once waits for its turn with all
 * but a few of them, so that others don't wait for all of them (G5). A first request costs most: its token is new, and
 * a connection that gets one request only must be accepted and closed for it.
 *
 * A few waiting requests begin after each turn of the event loop without any event. So everything else that is ready
 * comes first, the requests of others and new connections, and no time is lost: on an idle loop the wait takes
 * microseconds. On a loop that is never idle each address begins one in MAX_PAUSE_MS, but no turn begins more than one.
 *
 * The number of waiting requests is bounded by that of sockets (SocketLimiter).
 */
export class FirstRequests {
  readonly #loop: EventLoop;
  /** Number of requests of each address since `#countedSince`. */
  #counts = new Map<string, number>();
  #countedSince = Number.NEGATIVE_INFINITY;
  /** The addresses with waiting requests, in the order of `pausedAt`. */
  readonly #shares = new Map<string, Share>();
  #isScheduled = false;
  #lastEvents = -1;

  constructor(loop = EVENT_LOOP) {
    this.#loop = loop;
  }

  /** Begins a request at once, or lets it wait for the turn of its address. Returns the request if it waits. */
  add(address: string, begin: () => void): WaitingRequest | undefined {
    const now = this.#loop.now();
    const isWithinBurst = this.#count(address, now) <= BURST;
    let share = this.#shares.get(address);
    if (isWithinBurst && !share) {
      begin();
      return undefined;
    }
    if (!share) {
      share = { address, waiting: new Set(), pausedAt: now };
      this.#shares.set(address, share);
    }
    const request = { share, begin };
    share.waiting.add(request);
    this.#schedule();
    return request;
  }

  /** Drops a request whose connection has ended. Does nothing if the request has begun. */
  drop(request: WaitingRequest): void {
    const { share } = request;
    if (share.waiting.delete(request) && share.waiting.size === 0) this.#shares.delete(share.address);
  }

  #count(address: string, now: number): number {
    if (now - this.#countedSince >= BURST_MS) {
      this.#counts = new Map();
      this.#countedSince = now;
    }
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    return count;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#shares.size === 0) return;
    this.#isScheduled = true;
    this.#loop.afterEvents(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    const [share] = this.#shares.values();
    if (!share) return;
    const now = this.#loop.now();
    const events = this.#loop.events();
    const isIdle = events === this.#lastEvents;
    this.#lastEvents = events;
    const isOverdue = now - share.pausedAt >= MAX_PAUSE_MS;
    const count = isIdle ? PER_IDLE_TURN : isOverdue ? 1 : 0;
    const next = Array.from({ length: count }, () => this.#take(now));
    this.#schedule();
    for (const request of next) request?.begin();
  };

  /** Takes the oldest request of the share whose turn it is. */
  #take(now: number): WaitingRequest | undefined {
    const [share] = this.#shares.values();
    if (!share) return undefined;
    const [oldest] = share.waiting;
    if (oldest) share.waiting.delete(oldest);
    share.pausedAt = now;
    // Deleted first, so that the share moves to the end of the map.
    this.#shares.delete(share.address);
    if (share.waiting.size > 0) this.#shares.set(share.address, share);
    return oldest;
  }
}
