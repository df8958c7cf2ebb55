/**
 * Counts the requests to send or to change that have no answer yet, in total and per user. Each may hold a body, and a place in a
 * call to the log, so a user may have only so many (G5).
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

  /** Counts one more request of a user. Returns false, and counts nothing, if the user has too many. */
  begin(user: string): boolean {
    const count = this.#users.get(user) ?? 0;
    if (count >= this.#maxPerUser) return false;
    this.#users.set(user, count + 1);
    this.#total += 1;
    return true;
  }

  /** Must be called once for each request that `begin` counted. */
  end(user: string): void {
    const count = (this.#users.get(user) ?? 0) - 1;
    if (count > 0) this.#users.set(user, count);
    else this.#users.delete(user);
    this.#total -= 1;
  }
}
