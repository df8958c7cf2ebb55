import { ChatError } from "@parley/models";

const RETRY_AFTER_MS = 1_000;
const TOO_MANY =
  "You have too many unanswered requests. Send the next one when one of them has been answered.";

/**
 * Counts the requests to send or to change that have no answer yet, in total and per user. Each may hold a body, and a
 * place in a call to the log, so a user may have only so many (G5).
 */
export class UnansweredRequests {
  readonly #maxPerUser: number;
  readonly #users = new Map<string, number>();
  #total = 0;

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  get total(): number {
    return this.#total;
  }

  /** Counts a request of a user until `answer` settles. Rejects with `too_many_connections` if the user has too many. */
  async during<T>(user: string, answer: () => Promise<T>): Promise<T> {
    const count = this.#users.get(user) ?? 0;
    if (count >= this.#maxPerUser)
      throw new ChatError("too_many_connections", { message: TOO_MANY, retryAfterMs: RETRY_AFTER_MS });
    this.#users.set(user, count + 1);
    this.#total += 1;
    try {
      return await answer();
    } finally {
      this.#end(user);
    }
  }

  #end(user: string): void {
    const count = (this.#users.get(user) ?? 0) - 1;
    if (count > 0) this.#users.set(user, count);
    else this.#users.delete(user);
    this.#total -= 1;
  }
}
