import { type BackoffLimits, backoffMs } from "@parley/async";
import {
  type EntryDraft,
  formatId,
  idBefore,
  isChange,
  type LogEntry,
  nextPosition,
  type Position,
  parseId,
  positionOf,
} from "@parley/models";
import type { Outcome } from "../consumer.ts";
import type { LogState } from "../log-state.ts";
import type { SharedQueue } from "../sender-shares.ts";

/** An outcome after which the message leaves the journal. After `failed` and `idConflict` it is delivered again. */
export type FinalOutcome = Exclude<Outcome, { readonly kind: "failed" | "idConflict" }>;

/**
 * Called once per draft with the draft's outcome and its id (the last one, if an id conflict changed the id). `unknown`
 * means that the journal was cleared before the outcome was known.
 */
export type OnOutcome = (id: string, outcome: FinalOutcome | { readonly kind: "unknown" }) => void;

/** A message or a change in the journal. */
export interface Entry {
  readonly logged: LogEntry;
  readonly bytes: number;
  /** The number of times that the entry was delivered to the consumer. */
  readonly deliveries: number;
  readonly onOutcome: OnOutcome;
}

type Phase =
  /** The entry may be delivered at `from` or later, in ms of the caller's clock. */
  | { readonly kind: "waiting"; readonly from: number }
  /** The consumer has the entry. */
  | { readonly kind: "inFlight" }
  /** The outcome is known. The entry leaves the journal once all entries before it have left. */
  | { readonly kind: "settled"; readonly outcome: FinalOutcome };

interface MutableEntry extends Omit<Entry, "deliveries"> {
  deliveries: number;
  phase: Phase;
}

const RETRY_DELAYS: BackoffLimits = { minMs: 50, maxMs: 5_000 };

/**
 * Entries that were accepted and not released yet, in id order. Pure: it has no clock, no timers and no promises.
 *
 * Entries leave only at the head, so they are released in id order, and `settledUpTo` never passes an entry without an
 * outcome. Therefore an entry that keeps failing delays the release of all later ones until it is stored. This is
 * necessary for a live stream that is complete and in order.
 *
 * The same ref of a message may be in the journal twice. No check is needed here: the store keeps one of the two messages
 * and answers `duplicateOf` for the other.
 */
export class Journal implements SharedQueue {
  readonly #entries = new Map<string, MutableEntry>();
  readonly #now: () => number;
  #last: Position;
  #settledUpTo: string;
  #bytes = 0;
  #passed = 0;

  /** New ids are greater than `lastStored` (L1, L23). `now` returns the ms since 1970, from which ids are made. */
  constructor(lastStored: string, now: () => number) {
    const last = parseId(lastStored);
    if (!last) throw new RangeError("lastStored is not a message id");
    this.#last = last;
    this.#settledUpTo = lastStored;
    this.#now = now;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get passed(): number {
    return this.#passed;
  }

  /** The last id that was assigned. */
  get end(): string {
    return formatId(this.#last);
  }

  /** Every entry up to this id has been released. */
  get settledUpTo(): string {
    return this.#settledUpTo;
  }

  /**
   * Every id up to this one has been released or was never assigned. As in Redis (L12), it is just before the first entry
   * that waits, so an entry never waits for an id between itself and the entry before it.
   */
  get watermark(): string {
    const [oldest] = this.#entries.keys();
    return oldest === undefined ? this.end : idBefore(oldest);
  }

  /** The state for operators. There are never dead letters: only valid drafts enter the journal. */
  get state(): LogState {
    const [oldest] = this.#entries.keys();
    const oldestAt = oldest === undefined ? undefined : parseId(oldest)?.ms;
    return {
      end: this.end,
      watermark: this.#settledUpTo,
      backlogEntries: this.entries,
      backlogBytes: this.#bytes,
      lagMs: oldestAt === undefined ? 0 : Math.max(0, Math.floor(this.#now()) - oldestAt),
      deadLetters: 0,
    };
  }

  add(draft: EntryDraft, bytes: number, onOutcome: OnOutcome): void {
    this.#insert({
      logged: this.#withId(draft),
      bytes,
      onOutcome,
      deliveries: 0,
      phase: { kind: "waiting", from: Number.NEGATIVE_INFINITY },
    });
  }

  /** Returns the entries that may be delivered at the time `at`, in id order, at most `limit`. Marks them in flight. */
  take(at: number, limit: number): readonly Entry[] {
    const taken: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (taken.length === limit) break;
      if (entry.phase.kind !== "waiting" || entry.phase.from > at) continue;
      entry.phase = { kind: "inFlight" };
      entry.deliveries += 1;
      taken.push(entry);
    }
    return taken;
  }

  /** Returns when the first waiting entry may be delivered, or undefined if none waits. */
  nextDue(): number | undefined {
    let due: number | undefined;
    for (const { phase } of this.#entries.values()) {
      if (phase.kind === "waiting" && (due === undefined || phase.from < due)) due = phase.from;
    }
    return due;
  }

  /**
   * Records the outcome of an entry at the time `at`. Does nothing if the entry isn't in the journal or was settled
   * before. After `failed`, the entry waits before its next delivery. `spread`, a random number in [0, 1), varies the
   * wait. After `idConflict`, returns the entry's new id.
   */
  settle(id: string, outcome: Outcome, at: number, spread: number): string | undefined {
    const entry = this.#entries.get(id);
    if (!entry || entry.phase.kind === "settled") return undefined;
    switch (outcome.kind) {
      case "failed":
        entry.phase = { kind: "waiting", from: at + backoffMs(entry.deliveries, RETRY_DELAYS, () => spread) };
        return undefined;
      case "idConflict":
        return this.#assignNewId(entry);
      default:
        entry.phase = { kind: "settled", outcome };
        return undefined;
    }
  }

  /** Removes the settled entries at the head of the journal and yields them one by one. */
  *release(): Generator<{ readonly entry: Entry; readonly outcome: FinalOutcome }> {
    for (const entry of this.#entries.values()) {
      if (entry.phase.kind !== "settled") return;
      this.#remove(entry);
      this.#settledUpTo = positionOf(entry.logged);
      this.#passed += 1;
      yield { entry, outcome: entry.phase.outcome };
    }
  }

  /** Removes all entries and returns them. */
  clear(): readonly Entry[] {
    const left = [...this.#entries.values()];
    this.#entries.clear();
    this.#bytes = 0;
    return left;
  }

  #assignNewId(entry: MutableEntry): string {
    this.#remove(entry);
    const phase: Phase = { kind: "waiting", from: Number.NEGATIVE_INFINITY };
    const logged = this.#withId(entry.logged);
    this.#insert({ ...entry, logged, phase });
    return positionOf(logged);
  }

  /** Gives a draft the next id. The id of a change is above that of its message, too (L28). */
  #withId(draft: EntryDraft): LogEntry {
    return isChange(draft) ? { ...draft, change: this.#nextId(draft.id) } : { ...draft, id: this.#nextId() };
  }

  #insert(entry: MutableEntry): void {
    this.#entries.set(positionOf(entry.logged), entry);
    this.#bytes += entry.bytes;
  }

  #remove(entry: MutableEntry): void {
    this.#entries.delete(positionOf(entry.logged));
    this.#bytes -= entry.bytes;
  }

  /** Returns the next id. It is above `seen`, too. */
  #nextId(seen?: string): string {
    if (seen !== undefined && seen > this.end) this.#last = parseId(seen) ?? this.#last;
    const next = nextPosition(this.#last);
    const ms = Math.floor(this.#now());
    this.#last = ms > next.ms ? { ms, seq: 0 } : next;
    return formatId(this.#last);
  }
}
