import { ChatError } from "@parley/models";

/** How much is answered at the same time. */
export interface AdmissionLimits {
  readonly requests: number;
  /** Whole conversations, which last as long as their reader takes. */
  readonly streams: number;
  readonly streamsPerUser: number;
  /** About what pages that are being sent may take in memory; those of one user a quarter of it. */
  readonly pageBytes: number;
}

const RETRY_AFTER_MS = 1_000;
const USERS_SHARE = 1 / 4;

/** Refuses what would be too much at the same time (G5). Each entry gives its way out, to be called once. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #streams: Shares;
  readonly #pages: Shares;
  #requests = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#streams = new Shares(limits.streams, limits.streamsPerUser, "whole conversations");
    this.#pages = new Shares(limits.pageBytes, limits.pageBytes * USERS_SHARE, "long pages");
  }

  /** Throws `overloaded`. */
  enter(): () => void {
    if (this.#requests >= this.#limits.requests) throw overloaded();
    this.#requests += 1;
    return () => {
      this.#requests -= 1;
    };
  }

  /** Throws `overloaded`, or `too_many_connections` where the user alone has too many. */
  enterStream(user: string): () => void {
    return this.#streams.take(user, 1);
  }

  /** For a page that was read, until it is sent: a reader that is slow holds it for long. Throws as `enterStream` does. */
  enterPage(user: string, bytes: number): () => void {
    return this.#pages.take(user, bytes);
  }
}

/** Something that there is only so much of, and only so much for one user. What comes alone passes whatever it takes. */
class Shares {
  readonly #limit: number;
  readonly #limitOfUser: number;
  readonly #what: string;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(limit: number, limitOfUser: number, what: string) {
    this.#limit = limit;
    this.#limitOfUser = limitOfUser;
    this.#what = what;
  }

  take(user: string, amount: number): () => void {
    const ofUser = this.#taken.get(user) ?? 0;
    if (ofUser > 0 && ofUser + amount > this.#limitOfUser)
      throw new ChatError("too_many_connections", {
        message: `Too many of your requests for ${this.#what} are under way.`,
        retryAfterMs: RETRY_AFTER_MS,
      });
    if (this.#all > 0 && this.#all + amount > this.#limit) throw overloaded();
    this.#all += amount;
    this.#taken.set(user, ofUser + amount);
    return () => this.#giveBack(user, amount);
  }

  #giveBack(user: string, amount: number): void {
    this.#all -= amount;
    const left = (this.#taken.get(user) ?? 0) - amount;
    if (left > 0) this.#taken.set(user, left);
    else this.#taken.delete(user);
  }
}

function overloaded(): ChatError {
  return new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS });
}
