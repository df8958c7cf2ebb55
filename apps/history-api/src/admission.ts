import { ChatError } from "@parley/models";

/** How much is answered at the same time. */
export interface AdmissionLimits {
  readonly requests: number;
  /** Whole conversations, which last as long as their reader takes. */
  readonly streams: number;
  readonly streamsPerUser: number;
}

const RETRY_AFTER_MS = 1_000;

/** Refuses what would be too much at the same time (G5). Each entry gives its way out, to be called once. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #streamsOf = new Map<string, number>();
  #requests = 0;
  #streams = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
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
    const ofUser = this.#streamsOf.get(user) ?? 0;
    if (ofUser >= this.#limits.streamsPerUser)
      throw new ChatError("too_many_connections", {
        message: "Too many of your requests for whole conversations are under way.",
        retryAfterMs: RETRY_AFTER_MS,
      });
    if (this.#streams >= this.#limits.streams) throw overloaded();
    this.#streams += 1;
    this.#streamsOf.set(user, ofUser + 1);
    return () => this.#leaveStream(user);
  }

  #leaveStream(user: string): void {
    this.#streams -= 1;
    const left = (this.#streamsOf.get(user) ?? 0) - 1;
    if (left > 0) this.#streamsOf.set(user, left);
    else this.#streamsOf.delete(user);
  }
}

function overloaded(): ChatError {
  return new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS });
}
