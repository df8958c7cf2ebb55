import type { Caller } from "./caller.ts";

export interface BudgetOptions {
  readonly total: number;
  /** Maximum that one user may hold. A user's only reservation may exceed it, so that one large page can be served. */
  readonly perUser: number;
}

/** The bound that refused a caller: the one for its user, the one for its address, or the total for all callers. */
export const REFUSALS = ["user", "address", "all"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** An amount that is reserved for a caller until `release` is called. */
export interface Reservation {
  /** Sets the amount that is really needed. Always succeeds. Also records that the caller has made progress. */
  resize(amount: number): void;
  /** Frees the amount. Safe to call again. */
  release(): void;
}

interface Entry {
  readonly caller: Caller;
  amount: number;
  readonly onDisplaced: () => void;
}

/** The entries of one user or one address. The first is the one that has made no progress for the longest time. */
interface Holder {
  held: number;
  readonly entries: Set<Entry>;
}

/**
 * A bounded amount that callers share (G5).
 *
 * When the total is in use, a caller displaces an entry of the user who holds most. If that user doesn't hold more
 * than the caller's user, it displaces an entry of the address that holds most. In both cases this is the entry that
 * has made no progress for the longest time. So a few users or addresses can't keep the next caller from its share.
 *
 * Equal holders don't displace each other: a holder loses an entry only if it holds more than the caller would
 * afterwards.
 */
export class FairBudget {
  readonly #options: BudgetOptions;
  readonly #users = new Map<string, Holder>();
  readonly #addresses = new Map<string, Holder>();
  #used = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Reserves an amount, or returns the bound that refuses it. `onDisplaced` is called after another caller has
   * displaced the reservation. The amount is released by then.
   */
  reserve(caller: Caller, amount: number, onDisplaced: () => void): Reservation | Refusal {
    const held = this.#users.get(caller.user)?.held ?? 0;
    if (held > 0 && held + amount > this.#options.perUser) return "user";
    if (!this.#makeRoom(caller, amount)) return "all";
    const entry: Entry = { caller, amount: 0, onDisplaced };
    this.#change(entry, amount);
    return {
      resize: (next) => {
        if (entry.amount > 0) this.#change(entry, next);
      },
      release: () => this.#change(entry, 0),
    };
  }

  #makeRoom(caller: Caller, amount: number): boolean {
    while (this.#used > 0 && this.#used + amount > this.#options.total) {
      const heavier =
        heaviestAbove(this.#users, caller.user, amount) ??
        heaviestAbove(this.#addresses, caller.address, amount);
      const [entry] = heavier?.entries ?? [];
      if (!entry) return false;
      this.#change(entry, 0);
      entry.onDisplaced();
    }
    return true;
  }

  #change(entry: Entry, amount: number): void {
    const { caller } = entry;
    const difference = amount - entry.amount;
    entry.amount = amount;
    this.#used += difference;
    changeHolder(this.#users, caller.user, entry, difference);
    changeHolder(this.#addresses, caller.address, entry, difference);
  }
}

function changeHolder(holders: Map<string, Holder>, key: string, entry: Entry, difference: number): void {
  const holder = holders.get(key) ?? { held: 0, entries: new Set() };
  holder.held += difference;
  holder.entries.delete(entry);
  if (entry.amount > 0) holder.entries.add(entry);
  if (holder.entries.size > 0) holders.set(key, holder);
  else holders.delete(key);
}

/** The holder with the largest amount, if it holds more than `key` would hold with `amount` added. */
function heaviestAbove(
  holders: ReadonlyMap<string, Holder>,
  key: string,
  amount: number,
): Holder | undefined {
  let heaviest: Holder | undefined;
  for (const holder of holders.values()) if (holder.held > (heaviest?.held ?? 0)) heaviest = holder;
  const own = holders.get(key)?.held ?? 0;
  return heaviest && heaviest.held > own + amount ? heaviest : undefined;
}
