import type { ErrorCode } from "@parley/models";

/** Largest numbers of connections (P3). Infinity turns a limit off. */
export interface ConnectionLimits {
  readonly total: number;
  readonly perUser: number;
  readonly perAddress: number;
}

/** Counts connections in total, per user and per address. A connection counts until its socket has ended. */
export class ConnectionLimiter {
  readonly #limits: ConnectionLimits;
  readonly #users = new Map<string, number>();
  readonly #addresses = new Map<string, number>();
  #total = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Returns the error code for one more connection, or undefined if the limits permit it. */
  refusalFor(user: string, address: string): ErrorCode | undefined {
    const { total, perUser, perAddress } = this.#limits;
    if (this.#total >= total) return "overloaded";
    if ((this.#users.get(user) ?? 0) >= perUser) return "too_many_connections";
    if ((this.#addresses.get(address) ?? 0) >= perAddress) return "too_many_connections";
    return undefined;
  }

  acquire(user: string, address: string): void {
    this.#total += 1;
    change(this.#users, user, 1);
    change(this.#addresses, address, 1);
  }

  release(user: string, address: string): void {
    this.#total -= 1;
    change(this.#users, user, -1);
    change(this.#addresses, address, -1);
  }

  get total(): number {
    return this.#total;
  }
}

function change(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
