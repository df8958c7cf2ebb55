import type { Caller } from "./caller.ts";

/** The bound on what one user, or one address, may hold of a budget. */
export interface Share {
  readonly max: number;
  /** The most that a holder may have, as a part of what then stays free for everybody else. */
  readonly ofFree: number;
}

export interface BudgetOptions {
  readonly total: number;
  readonly user: Share;
  readonly address: Share;
}

/** The bound that stood in the way: the caller's own, its address's, or the total. */
export type Refusal = "user" | "address" | "all";

/** An amount that is held until `release`. */
export interface Reservation {
  /** Changes the amount to what is really needed. Always succeeds, because the memory is already in use. */
  resize(amount: number): void;
  /** Safe to call again. */
  release(): void;
}

/**
 * A bounded amount that callers share (G5).
 *
 * A holder may have at most a part of what stays free. So the more is in use, the smaller is each further share, and
 * something stays free for the next caller however much the others take: after n greedy holders of the part p, there is
 * still 1 / (1 + p) to the power of n.
 *
 * The first amount of a user or an address passes its own bound, so that a single large page can be served. The only
 * amount of all passes the total too.
 */
export class FairBudget {
  readonly #options: BudgetOptions;
  readonly #byUser = new Map<string, number>();
  readonly #byAddress = new Map<string, number>();
  #used = 0;
  #holders = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  get used(): number {
    return this.#used;
  }

  reserve(caller: Caller, amount: number): Reservation | Refusal {
    const refusal = this.#refusal(caller, amount);
    if (refusal !== undefined) return refusal;
    let held = amount;
    let isReleased = false;
    this.#holders += 1;
    this.#add(caller, amount);
    const resize = (next: number) => {
      if (isReleased) return;
      this.#add(caller, next - held);
      held = next;
    };
    return {
      resize,
      release: () => {
        resize(0);
        if (!isReleased) this.#holders -= 1;
        isReleased = true;
      },
    };
  }

  #refusal({ user, address }: Caller, amount: number): Refusal | undefined {
    if (this.#holders === 0) return undefined;
    const { total, ...shares } = this.#options;
    const free = total - this.#used - amount;
    if (free < 0) return "all";
    if (!isWithin(shares.user, this.#byUser.get(user) ?? 0, amount, free)) return "user";
    if (!isWithin(shares.address, this.#byAddress.get(address) ?? 0, amount, free)) return "address";
    return undefined;
  }

  #add({ user, address }: Caller, amount: number): void {
    this.#used += amount;
    addTo(this.#byUser, user, amount);
    addTo(this.#byAddress, address, amount);
  }
}

function isWithin({ max, ofFree }: Share, held: number, amount: number, free: number): boolean {
  return held === 0 || held + amount <= Math.min(max, ofFree * free);
}

function addTo(held: Map<string, number>, key: string, amount: number): void {
  const next = (held.get(key) ?? 0) + amount;
  if (next > 0) held.set(key, next);
  else held.delete(key);
}
