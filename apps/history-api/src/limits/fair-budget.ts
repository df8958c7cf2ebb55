import type { Caller } from "./caller.ts";

export interface BudgetOptions {
  readonly total: number;
  /** The most that one user may hold. A user's only amount may be larger, so that a single large page can be served. */
  readonly perUser: number;
}

/** The bound that stood in the way: the user's own, its address', or the total. */
export type Refusal = "user" | "address" | "all";

/** An amount that is held until `release`. */
export interface Reservation {
  /** Changes the amount to what is really needed, which always succeeds. Tells that this holder has made progress. */
  resize(amount: number): void;
  /** Safe to call again. */
  release(): void;
}

interface Entry {
  readonly caller: Caller;
  amount: number;
  readonly onDisplaced: () => void;
}

/** Everything that one user, or one address, holds. The entry that made no progress for the longest time comes first. */
interface Holder {
  held: number;
  readonly entries: Set<Entry>;
}

/**
 * A bounded amount that callers share (G5).
 *
 * Once the total is in use, a caller that holds less displaces the heaviest user's entry that made no progress for the
 * longest time, and otherwise one of the heaviest address'. So whatever a few users or addresses hold, the next caller
 * gets its share. Equal holders don't displace each other: the difference must be more than the amount that moves.
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

  /** Takes an amount. `onDisplaced` is called if another caller needs it more; the amount is released by then. */
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

/** The heaviest holder, if it would still hold more than `key` after `amount` has moved. */
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
