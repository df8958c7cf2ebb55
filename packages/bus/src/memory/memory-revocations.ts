import {
  ChatError,
  hasEffect,
  type Revocation,
  type RevocationEntry,
  RevocationSet,
  type RevocationTimes,
} from "@parley/models";
import type { Observe } from "../events.ts";
import { changesOf, type Revocations } from "../revocations.ts";

export interface RevocationOptions {
  /** The entries that the store has. */
  readonly stored?: readonly RevocationEntry[];
  /** Keeps entries in the store. Rejects with `unavailable` if that fails. */
  readonly keep?: (entries: readonly RevocationEntry[]) => Promise<void>;
  readonly maxRevocations?: number | undefined;
  readonly maxTokenAgeMs?: number | undefined;
}

const MAX_REVOCATIONS = 10_000;
const KEEP_DELETED_MS = 86_400_000;

/** Revocations in one process. They count once they are in the store, and nothing comes between the two (L26). */
export class MemoryRevocations implements Revocations {
  readonly #set = new RevocationSet();
  readonly #options: RevocationOptions;
  readonly #limit: number;
  readonly #observe: Observe;
  readonly #listeners: (() => void)[] = [];
  /** Changes are made one after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #lastChange = 0;

  constructor(options: RevocationOptions, observe: Observe) {
    this.#options = options;
    this.#limit = options.maxRevocations ?? MAX_REVOCATIONS;
    this.#observe = observe;
    this.#learn(options.stored ?? []);
  }

  of(user: string): Revocation | undefined {
    return this.#set.of(user, this.#times);
  }

  /** Nobody else changes them. */
  isCurrent(): boolean {
    return true;
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async revoke(revocation: Revocation): Promise<Revocation | undefined> {
    await this.#inTurn(changesOf(revocation));
    return this.of(revocation.user);
  }

  async allow(user: string, kinds: readonly RevocationEntry["kind"][]): Promise<Revocation | undefined> {
    await this.#inTurn(kinds.map((kind) => ({ kind, user, value: 0 })));
    return this.of(user);
  }

  list(): Promise<readonly Revocation[]> {
    return Promise.resolve(this.#set.list(this.#times));
  }

  entries(): readonly RevocationEntry[] {
    return this.#set.entries();
  }

  get #times(): RevocationTimes {
    const { maxTokenAgeMs = Number.POSITIVE_INFINITY } = this.#options;
    return { now: Date.now(), maxTokenAgeMs };
  }

  #inTurn(changes: readonly Omit<RevocationEntry, "change">[]): Promise<void> {
    const done = this.#changing.then(() => this.#change(changes));
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #change(changes: readonly Omit<RevocationEntry, "change">[]): Promise<void> {
    const held = changes.map(({ kind, user }) => this.#set.find(kind, user));
    const change = Math.max(Date.now() * 1_000, this.#lastChange + 1);
    const entries = changes
      .map((entry, i) => ({ ...entry, change, value: laterOf(entry.value, held[i]?.value ?? 0) }))
      .filter(({ value }, i) => value !== (held[i]?.value ?? 0));
    if (entries.length === 0) return;
    const added = entries.filter(({ kind, user }) => !this.#set.find(kind, user)).length;
    if (added > 0 && this.#set.size + added > this.#limit) this.#prune();
    if (added > 0 && this.#set.size + added > this.#limit) throw new ChatError("revocations_full");
    await this.#options.keep?.(entries);
    this.#learn(entries);
    for (const listener of this.#listeners) listener();
  }

  #learn(entries: readonly RevocationEntry[]): void {
    this.#set.merge(entries);
    for (const { change } of entries) this.#lastChange = Math.max(this.#lastChange, change);
    this.#observe({ type: "revocations", entries: this.#set.size, limit: this.#limit });
  }

  #prune(): void {
    const times = this.#times;
    const deletedBefore = (times.now - KEEP_DELETED_MS) * 1_000;
    this.#set.remove((entry) =>
      entry.value === 0 ? entry.change < deletedBefore : !hasEffect(entry, times),
    );
  }
}

/** Of two times the later one counts. 0 deletes. */
function laterOf(value: number, held: number): number {
  return value === 0 ? 0 : Math.max(value, held);
}
