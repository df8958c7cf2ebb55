import { performance } from "node:perf_hooks";
import { Batch } from "./batch.ts";
import type { FlushPolicy } from "./flush-policy.ts";

/** One who is written to. */
export interface Outlet {
  /** Public messages with an id at or below it are not for this one (L17). */
  readonly cursor: string;
  /** The number of the last batch it got. Kept here by the outbox alone. */
  flushed: number;
  /** False, and nothing written, where it is too slow to be written to any more. */
  write(pieces: readonly Buffer[]): boolean;
}

export interface Flushed {
  readonly outlets: number;
  readonly publicFrames: number;
  readonly bytes: number;
  /** Time spent in writes. */
  readonly ms: number;
}

interface Pass<Member extends Outlet> {
  readonly batch: Batch<Member>;
  readonly members: Iterator<Member>;
  outlets: number;
  ms: number;
}

/** A pass over a large room lets the rest of the process have its turn after this time. */
const TURN_MS = 8;
/** A batch of this size waits for nothing more. */
const FULL_BYTES = 256 * 1024;

/**
 * Everything that goes to clients waits here for the next flush: one write a connection, whatever came for it.
 *
 * Two batches at most are alive: the open one, where frames gather, and the one that a pass is writing, in turns.
 * A connection gets batches whole and by number, so its frames leave in the order they came (L16), whenever
 * it opens, closes or is reached by a pass:
 * - opened while a pass goes on: the batch of the pass is not for it (`flushed` says so);
 * - opened while the open batch has frames: it gets those that come from then on, what it held until then being
 *   its own (`startHere`);
 * - closing: what is left for it in both batches is written at once (`finish`), so that nothing follows its close
 *   frame.
 */
export class Outbox<Member extends Outlet> {
  readonly #everybody: ReadonlySet<Member>;
  readonly #policy: FlushPolicy;
  readonly #tooSlow: (member: Member) => void;
  readonly #observe: (flushed: Flushed) => void;
  #open: Batch<Member> = new Batch(1);
  #pass: Pass<Member> | undefined;
  #due: { readonly cancel: () => void; readonly atOnce: boolean } | undefined;

  constructor(options: {
    readonly everybody: ReadonlySet<Member>;
    readonly policy: FlushPolicy;
    /** A write was refused. The member is to be forgotten. */
    readonly tooSlow: (member: Member) => void;
    readonly observe: (flushed: Flushed) => void;
  }) {
    this.#everybody = options.everybody;
    this.#policy = options.policy;
    this.#tooSlow = options.tooSlow;
    this.#observe = options.observe;
  }

  /** From here on `member` gets what comes. */
  open(member: Member): void {
    member.flushed = this.#open.number - 1;
    this.#open.startHere(member);
  }

  toEverybody(id: string, frame: Buffer): void {
    this.#open.addPublic(id, frame);
    this.#arm();
  }

  toOne(member: Member, frame: Buffer): void {
    this.#open.addOwn(member, frame);
    this.#arm();
  }

  /** Writes at once what has come for `member`, which gets nothing after it. */
  finish(member: Member): void {
    if (this.#pass) this.#give(member, this.#pass.batch);
    this.#give(member, this.#open);
    this.forget(member);
  }

  /** Nothing more is written to `member`. */
  forget(member: Member): void {
    member.flushed = Number.MAX_SAFE_INTEGER;
    this.#pass?.batch.forget(member);
    this.#open.forget(member);
  }

  /** Writes everything that has come, to everyone, before it returns. */
  flushNow(): void {
    while (this.#pass || !this.#open.isEmpty) this.#turn(Number.POSITIVE_INFINITY);
  }

  #arm(): void {
    if (this.#pass) return;
    const delay = this.#open.bytes >= FULL_BYTES ? 0 : this.#policy.delay(performance.now());
    const atOnce = delay < 1;
    if (this.#due && (this.#due.atOnce || !atOnce)) return;
    this.#due?.cancel();
    this.#due = atOnce ? this.#immediately() : this.#later(delay);
  }

  #immediately(): { cancel: () => void; atOnce: boolean } {
    const immediate = setImmediate(() => this.#turn(TURN_MS));
    return { atOnce: true, cancel: () => clearImmediate(immediate) };
  }

  #later(delay: number): { cancel: () => void; atOnce: boolean } {
    const timer = setTimeout(() => this.#turn(TURN_MS), delay);
    return { atOnce: false, cancel: () => clearTimeout(timer) };
  }

  /** Writes to as many as `budgetMs` allows, and goes on in the next turn where some are left. */
  #turn(budgetMs: number): void {
    this.#due?.cancel();
    this.#due = undefined;
    this.#pass ??= this.#seal();
    const pass = this.#pass;
    const began = performance.now();
    const done = this.#write(pass, began + budgetMs);
    pass.ms += performance.now() - began;
    if (!done) {
      this.#due = this.#immediately();
      return;
    }
    this.#pass = undefined;
    const { batch, outlets, ms } = pass;
    const { publicFrames, bytes } = batch;
    this.#policy.flushed(performance.now(), { ms, publicFrames });
    this.#observe({ outlets, publicFrames, bytes, ms });
    if (!this.#open.isEmpty) this.#arm();
  }

  #seal(): Pass<Member> {
    const batch = this.#open;
    this.#open = new Batch(batch.number + 1);
    const members = batch.publicFrames > 0 ? this.#everybody.values() : batch.owners();
    return { batch, members, outlets: 0, ms: 0 };
  }

  /** Whether everybody was reached before the deadline, a time of `performance.now`. */
  #write(pass: Pass<Member>, deadline: number): boolean {
    for (let next = pass.members.next(); !next.done; next = pass.members.next()) {
      if (this.#give(next.value, pass.batch)) pass.outlets += 1;
      if ((pass.outlets & 63) === 63 && performance.now() > deadline) return false;
    }
    return true;
  }

  #give(member: Member, batch: Batch<Member>): boolean {
    if (member.flushed >= batch.number) return false;
    member.flushed = batch.number;
    const pieces = batch.piecesFor(member, member.cursor);
    if (pieces.length === 0) return false;
    if (!member.write(pieces)) this.#tooSlow(member);
    return true;
  }
}
