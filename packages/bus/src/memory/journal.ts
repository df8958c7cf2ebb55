import { type Draft, formatId, type LogMessage, nextPosition, type Position, parseId } from "@parley/models";
import type { Outcome } from "../consumer.ts";

/** What ends a message's time here. `failed` and `idConflict` do not: it is given out again. */
export type Final = Exclude<Outcome, { readonly kind: "failed" | "idConflict" }>;

/** Hears what became of a draft and the id it had: `unknown` when the journal is let go of before that is known. */
export type Tell = (id: string, outcome: Final | { readonly kind: "unknown" }) => void;

export interface Entry {
  readonly message: LogMessage;
  readonly bytes: number;
  /** How often it was given out. */
  readonly deliveries: number;
  readonly tell: Tell;
}

type Phase =
  /** To be given out at `from` or later, in ms of the caller's clock. */
  | { readonly kind: "waiting"; readonly from: number }
  | { readonly kind: "out" }
  | { readonly kind: "settled"; readonly outcome: Final };

interface Held extends Omit<Entry, "deliveries"> {
  deliveries: number;
  phase: Phase;
}

const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 5_000;

/**
 * What was accepted and is not settled, in id order. Pure: no clock, no timer, no promise.
 *
 * Entries leave at the head alone, so what is released comes in id order, and `settledUpTo` never passes a message
 * of which the store has not spoken. One that keeps failing therefore holds back what is behind it, until the store
 * takes it: the price of a live stream that is whole and in order. A ref that is under way twice needs no care
 * here, whatever fails in between: the store keeps one of the two and answers `duplicateOf` for the other.
 */
export class Journal {
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;
  #last: Position;
  #settledUpTo: string;
  #bytes = 0;

  /** `lastStored` is where ids go on from (L1, L23); `now` is the time in ms since 1970 that ids are made of. */
  constructor(lastStored: string, now: () => number) {
    const last = parseId(lastStored);
    if (!last) throw new RangeError("lastStored is not a message id");
    this.#last = last;
    this.#settledUpTo = lastStored;
    this.#now = now;
  }

  get entries(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The last id given out. */
  get end(): string {
    return formatId(this.#last);
  }

  /** The store has spoken of everything up to here. */
  get settledUpTo(): string {
    return this.#settledUpTo;
  }

  add(draft: Draft, bytes: number, tell: Tell): void {
    this.#hold({
      message: { ...draft, id: this.#nextId() },
      bytes,
      tell,
      deliveries: 0,
      phase: { kind: "waiting", from: Number.NEGATIVE_INFINITY },
    });
  }

  /** What may be given out at `at`, in id order, at most `limit`. */
  take(at: number, limit: number): readonly Entry[] {
    const taken: Entry[] = [];
    for (const held of this.#held.values()) {
      if (taken.length === limit) break;
      if (held.phase.kind !== "waiting" || held.phase.from > at) continue;
      held.phase = { kind: "out" };
      held.deliveries += 1;
      taken.push(held);
    }
    return taken;
  }

  /** When the first waiting entry may be given out, or undefined when none waits. */
  dueAt(): number | undefined {
    let due: number | undefined;
    for (const { phase } of this.#held.values()) {
      if (phase.kind === "waiting" && (due === undefined || phase.from < due)) due = phase.from;
    }
    return due;
  }

  /**
   * Notes what became of a message; one that is not held, or was settled before, changes nothing. `spread` in
   * [0, 1) is the jitter of the time that a failed one rests. Answers the new id of a message whose id was taken.
   */
  settle(id: string, outcome: Outcome, at: number, spread: number): string | undefined {
    const held = this.#held.get(id);
    if (!held || held.phase.kind === "settled") return undefined;
    switch (outcome.kind) {
      case "failed":
        held.phase = { kind: "waiting", from: at + restAfter(held.deliveries, spread) };
        return undefined;
      case "idConflict":
        return this.#renew(held);
      default:
        held.phase = { kind: "settled", outcome };
        return undefined;
    }
  }

  /** Takes the settled entries off the head, one by one as they are asked for. */
  *release(): Generator<{ readonly entry: Entry; readonly outcome: Final }> {
    for (const held of this.#held.values()) {
      if (held.phase.kind !== "settled") return;
      this.#drop(held);
      this.#settledUpTo = held.message.id;
      yield { entry: held, outcome: held.phase.outcome };
    }
  }

  /** Lets go of everything, answering what was left. */
  clear(): readonly Entry[] {
    const left = [...this.#held.values()];
    this.#held.clear();
    this.#bytes = 0;
    return left;
  }

  #renew(held: Held): string {
    const id = this.#nextId();
    this.#drop(held);
    const phase: Phase = { kind: "waiting", from: Number.NEGATIVE_INFINITY };
    this.#hold({ ...held, message: { ...held.message, id }, phase });
    return id;
  }

  #hold(held: Held): void {
    this.#held.set(held.message.id, held);
    this.#bytes += held.bytes;
  }

  #drop(held: Held): void {
    this.#held.delete(held.message.id);
    this.#bytes -= held.bytes;
  }

  #nextId(): string {
    const next = nextPosition(this.#last);
    const ms = Math.floor(this.#now());
    this.#last = ms > next.ms ? { ms, seq: 0 } : next;
    return formatId(this.#last);
  }
}

function restAfter(deliveries: number, spread: number): number {
  const longest = Math.min(FIRST_REST_MS * 2 ** (deliveries - 1), LONGEST_REST_MS);
  return longest * (0.5 + spread / 2);
}
