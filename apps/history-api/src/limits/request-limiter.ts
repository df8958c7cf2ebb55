import { sleep } from "@parley/async";
import { ChatError } from "@parley/models";
import type { Caller } from "./caller.ts";
import { FairBudget, type Refusal, type Reservation } from "./fair-budget.ts";
import { ReadAllowance } from "./read-allowance.ts";
import { ReadTurns, type Turn, TurnRefused } from "./read-turns.ts";

/** Bounds on concurrent work (G5). Each is shared fairly among users and addresses. */
export interface RequestLimits {
  /** Requests whose answers are being read. As many again may wait. */
  readonly requests: number;
  /** Requests of one user that wait, at most. */
  readonly requestsPerUser: number;
  /** Requests of one address that wait, at most. */
  readonly requestsPerAddress: number;
  /** Whole conversations that are being sent. Each lasts as long as its client needs to read it. */
  readonly streams: number;
  readonly streamsPerUser: number;
  /** Estimated bytes of everything that is being read and sent. */
  readonly responseBytes: number;
  /** Estimated bytes per second that one user may read, with bursts of eight times as many. */
  readonly readBytesPerSecond: number;
}

/** The bounds, as named in events and metrics. */
export type LimitName = "requests" | "streams" | "bytes" | "rate";

export interface LimiterDeps {
  readonly limits: RequestLimits;
  /** Called for every request that a bound refuses. */
  readonly onRefused: (limit: LimitName, share: Refusal) => void;
  /** Called for every response that is cut off because another caller needs its share. */
  readonly onDisplaced: (limit: LimitName) => void;
  /** The current time of a monotonic clock, in ms. */
  readonly now: () => number;
}

/** The current use of the bounds. */
export interface Load {
  readonly waiting: number;
  readonly streams: number;
  readonly bytes: number;
}

const RETRY_AFTER_MS = 1_000;
const BYTES_OF_USER = 1 / 4;
const BURST_SECONDS = 8;
/** The cost of a request besides its messages, in estimated bytes. */
const REQUEST_COST = 16_384;
/** Time after which a stream looks again if its user may read on. */
const MAX_PAUSE_MS = 1_000;

/** Refuses or delays requests that would exceed a bound, so that one caller costs the others little (G5). */
export class RequestLimiter {
  readonly #deps: LimiterDeps;
  readonly #turns: ReadTurns;
  readonly #streams: FairBudget;
  readonly #bytes: FairBudget;
  readonly #allowance: ReadAllowance;

  constructor(deps: LimiterDeps) {
    const { streams, streamsPerUser, responseBytes, readBytesPerSecond } = deps.limits;
    this.#deps = deps;
    this.#turns = new ReadTurns(deps.limits);
    this.#streams = new FairBudget({ total: streams, perUser: streamsPerUser });
    this.#bytes = new FairBudget({ total: responseBytes, perUser: responseBytes * BYTES_OF_USER });
    const burst = BURST_SECONDS * readBytesPerSecond;
    this.#allowance = new ReadAllowance({ perSecond: readBytesPerSecond, burst });
  }

  get load(): Load {
    return { waiting: this.#turns.waiting, streams: this.#streams.used, bytes: this.#bytes.used };
  }

  /** Throws `rate_limited` if the user has read too much. Charges the request to the user. */
  assertRate({ user }: Caller): void {
    const retryAfterMs = this.#allowance.waitMs(user, this.#deps.now());
    if (retryAfterMs > 0) {
      this.#deps.onRefused("rate", "user");
      throw new ChatError("rate_limited", {
        message: "You are reading history too fast. Retry later.",
        retryAfterMs,
      });
    }
    this.charge(user, REQUEST_COST);
  }

  /** Charges what was read to the user. */
  charge(user: string, bytes: number): void {
    this.#allowance.spend(user, bytes, this.#deps.now());
  }

  /** Waits until the user may read on, in the middle of a response. Returns early if the signal is aborted. */
  async untilAllowed({ user }: Caller, signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#allowance.waitMs(user, this.#deps.now());
      if (waitMs === 0 || signal.aborted) return;
      await sleep(Math.min(waitMs, MAX_PAUSE_MS), signal);
    }
  }

  /** Runs a read in the caller's turn. Throws `too_many_connections` or `overloaded` if too many wait. */
  read<T>(caller: Caller, signal: AbortSignal, read: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#turns.run(caller, signal, read).catch((error) => {
      throw error instanceof TurnRefused ? this.#refusal("requests", error.share) : error;
    });
  }

  /**
   * Admits a whole conversation. Throws `too_many_connections` or `overloaded`. `cut` ends the response if another caller
   * needs its place more.
   */
  acquireStream(caller: Caller, cut: () => void): Reservation {
    return this.#reserve("streams", caller, 1, cut);
  }

  /** Accounts for the memory of a response until its client has read it. Throws, and cuts, like a stream. */
  reserveBytes(caller: Caller, bytes: number, cut: () => void): Reservation {
    return this.#reserve("bytes", caller, bytes, cut);
  }

  forgetIdleUsers(): void {
    this.#allowance.forgetIdleUsers(this.#deps.now());
  }

  #reserve(limit: "streams" | "bytes", caller: Caller, amount: number, cut: () => void): Reservation {
    const budget = limit === "streams" ? this.#streams : this.#bytes;
    const result = budget.reserve(caller, amount, () => {
      this.#deps.onDisplaced(limit);
      cut();
    });
    if (typeof result === "string") throw this.#refusal(limit, result);
    return result;
  }

  #refusal(limit: LimitName, share: Refusal): ChatError {
    this.#deps.onRefused(limit, share);
    if (share === "all") return new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS });
    const holder = share === "user" ? "You have" : "Your network address has";
    return new ChatError("too_many_connections", {
      message: `${holder} too many requests for history in flight. Retry when one of them has ended.`,
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
}
