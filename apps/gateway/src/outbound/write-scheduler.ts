import { performance } from "node:perf_hooks";
import { PublicFrames } from "./broadcast-buffer.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import { WakeUp } from "./coalescing-timer.ts";

/** One who is written to. */
export interface Outlet {
  /** Public messages with an id at or below it are not for this one (L17). */
  readonly cursor: string;
  /** The number of the last public frame that it has. Kept here by the outbox alone. */
  flushed: number;
  /** False, and nothing written, where it is too slow to be written to any more. */
  write(pieces: readonly Buffer[]): boolean;
}

export interface Flushed {
  readonly outlets: number;
  /** Those that everybody has since; 0 where only some were written to, for what is their own. */
  readonly publicFrames: number;
  /** Time spent in writes. */
  readonly ms: number;
}

/** A frame for one alone, and the last public one that came before it. */
interface Own {
  readonly after: number;
  readonly frame: Buffer;
}

/** A way round everybody, in turns. */
interface Pass<Member extends Outlet> {
  readonly members: Iterator<Member>;
  /** The last public frame when it began: everybody has that when it ends, many have more. */
  readonly upTo: number;
  outlets: number;
  ms: number;
}

/** A pass over a large room lets the rest of the process have its turn after this time; who has frames of its own too. */
const TURN_MS = 1;
/** Where so much waits for a pass, it waits for nothing more. */
const FULL_BYTES = 256 * 1024;
/** `flushed` of one that gets nothing more. */
const GONE = Number.MAX_SAFE_INTEGER;

/**
 * Everything that goes to clients waits here: one write a connection, of whatever has come for it until it is its turn.
 *
 * Passes go round everybody with the public frames. One that takes several turns is never behind: whom it reaches last
 * gets what has come while it was on its way too, so a message waits for one way round at most. Who has frames of its
 * own, acks and private messages, is served before each turn of a pass, and does not wait for it.
 *
 * Whenever its turn is, a connection gets all that is there for it: the public frames after the last that it has, and
 * its own in their places among them. So frames leave in the order they came (L16).
 */
export class Outbox<Member extends Outlet> {
  readonly #everybody: ReadonlySet<Member>;
  readonly #policy: FlushPolicy;
  readonly #tooSlow: (member: Member) => void;
  readonly #observe: (flushed: Flushed) => void;
  readonly #public = new PublicFrames();
  readonly #own = new Map<Member, Own[]>();
  readonly #next = new WakeUp(() => this.#turn());
  #pass: Pass<Member> | undefined;
  /** The number of the last public frame that everybody has. */
  #passed = 0;

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
    member.flushed = this.#public.last;
  }

  toEverybody(id: string, frame: Buffer): void {
    this.#public.add(id, frame);
    this.#arm();
  }

  toOne(member: Member, frame: Buffer): void {
    if (member.flushed === GONE) return;
    const own = { after: this.#public.last, frame };
    const waiting = this.#own.get(member);
    if (waiting) waiting.push(own);
    else this.#own.set(member, [own]);
    this.#arm();
  }

  /** Writes at once what has come for `member`, which gets nothing after it. */
  finish(member: Member): void {
    this.#give(member);
    this.forget(member);
  }

  /** Nothing more is written to `member`. */
  forget(member: Member): void {
    member.flushed = GONE;
    this.#own.delete(member);
  }

  /** Writes everything that has come, to everyone, before it returns. */
  flushNow(): void {
    this.#serveOwners(Number.POSITIVE_INFINITY);
    // A pass that was under way has passed some by for whom more has come since.
    while (this.#isPassWanted) this.#goRound(Number.POSITIVE_INFINITY);
  }

  get #isPassWanted(): boolean {
    return this.#pass !== undefined || this.#public.last > this.#passed;
  }

  /** How long it is until the next turn of a pass. */
  get #passDelay(): number {
    return this.#pass || this.#public.bytes >= FULL_BYTES ? 0 : this.#policy.delay(performance.now());
  }

  #arm(): void {
    if (this.#own.size > 0) this.#next.within(0);
    else if (this.#isPassWanted) this.#next.within(this.#passDelay);
  }

  #turn(): void {
    if (this.#own.size > 0) this.#serveOwners(TURN_MS);
    if (this.#isPassWanted && this.#passDelay < 1) this.#goRound(TURN_MS);
    this.#arm();
  }

  /** Writes to those who have something of their own, as many as `budgetMs` allows. */
  #serveOwners(budgetMs: number): void {
    const began = performance.now();
    let outlets = 0;
    for (const member of this.#own.keys()) {
      if (this.#give(member)) outlets += 1;
      if (isOver(outlets, began + budgetMs)) break;
    }
    this.#observe({ outlets, publicFrames: 0, ms: performance.now() - began });
  }

  /** Goes on with the pass, or begins one, and writes to as many as `budgetMs` allows. */
  #goRound(budgetMs: number): void {
    this.#pass ??= this.#begin();
    const pass = this.#pass;
    const began = performance.now();
    const isDone = this.#reached(pass, began + budgetMs);
    pass.ms += performance.now() - began;
    if (isDone) this.#end(pass);
  }

  #begin(): Pass<Member> {
    this.#policy.began();
    return { members: this.#everybody.values(), upTo: this.#public.last, outlets: 0, ms: 0 };
  }

  /** Whether everybody was reached before the deadline, a time of `performance.now`. */
  #reached(pass: Pass<Member>, deadline: number): boolean {
    for (let next = pass.members.next(); !next.done; next = pass.members.next()) {
      if (!this.#give(next.value)) continue;
      pass.outlets += 1;
      if (isOver(pass.outlets, deadline)) return false;
    }
    return true;
  }

  #end({ upTo, outlets, ms }: Pass<Member>): void {
    const publicFrames = upTo - this.#passed;
    this.#pass = undefined;
    this.#passed = upTo;
    this.#public.drop(upTo);
    this.#policy.passed(performance.now(), { ms, publicFrames });
    this.#observe({ outlets, publicFrames, ms });
  }

  /** Writes to `member` all that is there for it. False where there is nothing. */
  #give(member: Member): boolean {
    const own = this.#own.get(member);
    // Who is gone has nothing of its own, and every public frame.
    if (!own && member.flushed >= this.#public.last) return false;
    this.#own.delete(member);
    const from = this.#public.past(member.cursor, member.flushed);
    member.flushed = this.#public.last;
    const pieces = this.#pieces(from, own ?? []);
    if (pieces.length === 0) return false;
    if (!member.write(pieces)) this.#tooSlow(member);
    return true;
  }

  #pieces(from: number, own: readonly Own[]): Buffer[] {
    const pieces: Buffer[] = [];
    let at = from;
    for (const { after, frame } of own) {
      if (after > at) {
        pieces.push(...this.#public.between(at, after));
        at = after;
      }
      pieces.push(frame);
    }
    if (at < this.#public.last) pieces.push(this.#public.since(at));
    return pieces;
  }
}

/** A clock is looked at now and then. */
function isOver(outlets: number, deadline: number): boolean {
  return (outlets & 31) === 31 && performance.now() > deadline;
}
