import { sleep } from "@parley/async";
import { ChatError } from "@parley/models";
import { RETRY_AFTER_MS, tooFast } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { FairBudget, type Refusal, type Reservation } from "./fair-budget.ts";
import { ReadAllowance } from "./read-allowance.ts";
import type { ReadKind } from "./read-steps.ts";
import { ReadTurns, type Turn } from "./read-turns.ts";
import { TurnRefused } from "./turn-refused.ts";

/** The limits on the work for requests (G5). Users and addresses share each limit fairly. */
export interface RequestLimits {
  /** Maximum number of requests whose messages are being read. As many again may wait. */
  readonly requests: number;
  /** Maximum number of waiting requests of one user. */
  readonly requestsPerUser: number;
  /** Maximum number of waiting requests from one address. */
  readonly requestsPerAddress: number;
  /** Maximum number of whole conversations that are being sent. Each counts until its client has read it. */
  readonly streams: number;
  readonly streamsPerUser: number;
  /** Maximum number of requests to `/feed` that are held until there are entries. One user may hold a quarter. */
  readonly waits: number;
  /** Maximum memory of all responses that are being read and sent, in estimated bytes. */
  readonly responseBytes: number;
  /** Estimated bytes per second that one user may read, with bursts of eight times as many. */
  readonly readBytesPerSecond: number;
}

/** The names of the limits in events and metrics. */
export const LIMIT_NAMES = ["requests", "streams", "waits", "bytes", "rate"] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

export interface LimiterDeps {
  readonly limits: RequestLimits;
  /** Called for every request that a limit refuses. */
  readonly onRefused: (limit: LimitName, share: Refusal) => void;
  /** Called for every response that is cut off in favour of a caller that uses less of the limit. */
  readonly onDisplaced: (limit: LimitName) => void;
  /** The current time of a monotonic clock, in ms. */
  readonly now: () => number;
}

/** The current use of the limits: waiting requests, whole conversations being sent, held requests, and bytes of responses. */
export interface Load {
  readonly waiting: number;
  readonly streams: number;
  readonly waits: number;
  readonly bytes: number;
}

const BYTES_OF_USER = 1 / 4;
const WAITS_OF_USER = 1 / 4;
const BURST_SECONDS = 8;
/** The cost of a request besides its messages, in estimated bytes. */
const REQUEST_COST = 16_384;
/** Maximum time until a paused stream checks again if its user may read more. */
const MAX_PAUSE_MS = 1_000;

/** Refuses or delays requests that would exceed a limit, so that one caller can't slow down the others much (G5). */
export class RequestLimiter {
  readonly #deps: LimiterDeps;
  readonly #turns: ReadTurns;
  readonly #budgets: Readonly<Record<"streams" | "waits" | "bytes", FairBudget>>;
  readonly #allowance: ReadAllowance;

  constructor(deps: LimiterDeps) {
    const { streams, streamsPerUser, waits, responseBytes, readBytesPerSecond } = deps.limits;
    this.#deps = deps;
    this.#turns = new ReadTurns(deps.limits);
    this.#budgets = {
      streams: new FairBudget({ total: streams, perUser: streamsPerUser }),
      waits: new FairBudget({ total: waits, perUser: waits * WAITS_OF_USER }),
      bytes: new FairBudget({ total: responseBytes, perUser: responseBytes * BYTES_OF_USER }),
    };
    const burst = BURST_SECONDS * readBytesPerSecond;
    this.#allowance = new ReadAllowance({ perSecond: readBytesPerSecond, burst });
  }

  get load(): Load {
    const { streams, waits, bytes } = this.#budgets;
    return { waiting: this.#turns.waiting, streams: streams.used, waits: waits.used, bytes: bytes.used };
  }

  /** Throws `rate_limited` if the user has read too much. Otherwise charges the user for the request itself. */
  assertRate({ user }: Caller): void {
    const retryAfterMs = this.#allowance.waitMs(user, this.#deps.now());
    if (retryAfterMs > 0) {
      this.#deps.onRefused("rate", "user");
      throw tooFast(retryAfterMs);
    }
    this.charge(user, REQUEST_COST);
  }

  /** Charges the user for the bytes that were read. */
  charge(user: string, bytes: number): void {
    this.#allowance.spend(user, bytes, this.#deps.now());
  }

  /** Waits, in the middle of a response, until the user may read more. Returns early if the signal is aborted. */
  async untilAllowed({ user }: Caller, signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#allowance.waitMs(user, this.#deps.now());
      if (waitMs === 0 || signal.aborted) return;
      await sleep(Math.min(waitMs, MAX_PAUSE_MS), signal);
    }
  }

  /**
   * Runs a read when it is the caller's turn. Rejects with `too_many_connections` or `overloaded` if too many wait.
   */
  read<T>(kind: ReadKind, caller: Caller, signal: AbortSignal, read: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#turns.run(kind, caller, signal, read).catch((error) => {
      throw error instanceof TurnRefused ? this.#refusal("requests", error.share) : error;
    });
  }

  /**
   * Admits a whole conversation, or throws `too_many_connections` or `overloaded` at the limit. `cut` must end the
   * response. It is called if a caller that uses less of the limit displaces this one.
   */
  acquireStream(caller: Caller, cut: () => void): Reservation {
    return this.#reserve("streams", caller, 1, cut);
  }

  /**
   * Admits a request that is held until there are entries, and throws the same errors. `end` is called if a caller that
   * holds fewer requests displaces this one, which is then answered without entries.
   */
  acquireWait(caller: Caller, end: () => void): Reservation {
    return this.#reserve("waits", caller, 1, end);
  }

  /**
   * Reserves the memory of a response until its client has read it. Throws the same errors as `acquireStream`, and
   * calls `cut` in the same case.
   */
  reserveBytes(caller: Caller, bytes: number, cut: () => void): Reservation {
    return this.#reserve("bytes", caller, bytes, cut);
  }

  forgetIdleUsers(): void {
    this.#allowance.forgetIdleUsers(this.#deps.now());
  }

  #reserve(
    limit: "streams" | "waits" | "bytes",
    caller: Caller,
    amount: number,
    cut: () => void,
  ): Reservation {
    const result = this.#budgets[limit].reserve(caller, amount, () => {
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
