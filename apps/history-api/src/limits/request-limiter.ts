import { ChatError } from "@parley/models";

/** Bounds on concurrent work (G5). */
export interface RequestLimits {
  /** Concurrent requests of any kind. */
  readonly requests: number;
  /** Concurrent streams. A stream sends a whole conversation and lasts as long as its client needs to read it. */
  readonly streams: number;
  readonly streamsPerUser: number;
  /** Estimated bytes of all pages being sent. The pages of one user may take a quarter of this. */
  readonly pageBytes: number;
}

/** Frees what was acquired. Must be called exactly once. */
export type Release = () => void;

const RETRY_AFTER_MS = 1_000;
const SHARE_PER_USER = 1 / 4;

/** Refuses requests that would exceed the bounds on concurrent work (G5). */
export class RequestLimiter {
  readonly #limits: RequestLimits;
  readonly #streams: Quota;
  readonly #pages: Quota;
  #requests = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
    this.#streams = new Quota(limits.streams, limits.streamsPerUser, "whole conversations");
    this.#pages = new Quota(limits.pageBytes, limits.pageBytes * SHARE_PER_USER, "long pages");
  }

  /** Throws `overloaded` if too many requests are in flight. */
  acquireRequest(): Release {
    if (this.#requests >= this.#limits.requests) throw overloaded();
    this.#requests += 1;
    return () => {
      this.#requests -= 1;
    };
  }

  /** Throws `overloaded`, or `too_many_connections` if this user alone has too many streams. */
  acquireStream(user: string): Release {
    return this.#streams.acquire(user, 1);
  }

  /**
   * Accounts for the memory of a page until the page is sent, which a slow client can delay. Throws like a stream.
   */
  acquirePage(user: string, bytes: number): Release {
    return this.#pages.acquire(user, bytes);
  }
}

/**
 * A bounded amount, with a smaller bound per user. A user's only amount always passes the user's bound, and the only
 * amount of all passes both, so that a single large page can be served.
 */
class Quota {
  readonly #limit: number;
  readonly #limitPerUser: number;
  readonly #label: string;
  readonly #usedByUser = new Map<string, number>();
  #used = 0;

  /** `label` says in an error's text which requests are limited. */
  constructor(limit: number, limitPerUser: number, label: string) {
    this.#limit = limit;
    this.#limitPerUser = limitPerUser;
    this.#label = label;
  }

  acquire(user: string, amount: number): Release {
    const usedByUser = this.#usedByUser.get(user) ?? 0;
    if (usedByUser > 0 && usedByUser + amount > this.#limitPerUser)
      throw new ChatError("too_many_connections", {
        message: `You have too many requests for ${this.#label} in flight. Retry when one of them has ended.`,
        retryAfterMs: RETRY_AFTER_MS,
      });
    if (this.#used > 0 && this.#used + amount > this.#limit) throw overloaded();
    this.#used += amount;
    this.#usedByUser.set(user, usedByUser + amount);
    return () => this.#release(user, amount);
  }

  #release(user: string, amount: number): void {
    this.#used -= amount;
    const usedByUser = (this.#usedByUser.get(user) ?? 0) - amount;
    if (usedByUser > 0) this.#usedByUser.set(user, usedByUser);
    else this.#usedByUser.delete(user);
  }
}

function overloaded(): ChatError {
  return new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS });
}
