import { performance } from "node:perf_hooks";
import { BroadcastBuffer } from "./broadcast-buffer.ts";
import { CoalescingTimer } from "./coalescing-timer.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import { WriteTurn } from "./write-turn.ts";

/** A client that receives frames. */
export interface Subscriber {
  /** Public messages with an id at or below the cursor aren't sent to this subscriber (L17). */
  readonly cursor: string;
  /** True if this subscriber gets public frames of changes (P74). */
  readonly speaksChat: boolean;
  /** Number of the last public frame written to this subscriber. The write scheduler sets it with `markWritten`. */
  readonly writtenUpTo: number;
  /** Only the write scheduler calls this. */
  markWritten(upTo: number): void;
  /** Returns false, and writes nothing, if the subscriber reads too slowly to get any more. */
  write(pieces: readonly Buffer[]): boolean;
}

/** Figures of a finished pass, or of a turn of direct writes. */
export interface FlushStats {
  /** Subscribers that were written to. */
  readonly subscribers: number;
  /** Number of public frames that all subscribers have after this pass, but not before. 0 for direct writes. */
  readonly publicFrames: number;
  /** Id of the last public frame that all subscribers have. Undefined for direct writes, or if no frame is new. */
  readonly publicUpTo: string | undefined;
  /** Time spent in writes, in ms. */
  readonly ms: number;
}

export interface WriteSchedulerOptions<Member extends Subscriber> {
  /** The subscribers that get public frames. */
  readonly subscribers: ReadonlySet<Member>;
  readonly policy: FlushPolicy;
  /** Called when a subscriber's `write` returned false. Must remove the subscriber. */
  readonly onTooSlow: (member: Member) => void;
  readonly observe: (stats: FlushStats) => void;
}

/** A frame for one subscriber, to be written after the public frame with the number `after`. */
interface DirectFrame {
  readonly after: number;
  readonly frame: Buffer;
}

/** One walk over all subscribers. It may take several turns of the event loop. */
interface Pass<Member extends Subscriber> {
  readonly members: Iterator<Member>;
  /**
   * Number of the last public frame when the pass started. When the pass ends every subscriber has this frame, and
   * many have later ones too.
   */
  readonly upTo: number;
  subscribers: number;
  ms: number;
}

/** Time after which direct writes, or a pass over a large room, yield to other work of the process, in ms. */
const TURN_MS = 1;
/** If at least this many bytes of public frames wait, a pass starts without the policy's delay. */
const MAX_WAITING_BYTES = 256 * 1024;
/** `writtenUpTo` of a removed subscriber: no frame has a higher number. */
const REMOVED = Number.MAX_SAFE_INTEGER;

/**
 * Collects the frames for all clients and writes them in batches: one write per connection carries every frame that
 * has come for it since its last write.
 *
 * Public frames leave in passes over all subscribers. A pass over a large room takes several turns of the event loop.
 * A frame that arrives during the pass is written with it to the subscribers that the pass hasn't reached yet. So a
 * message waits for one pass at most.
 *
 * Direct frames, for one subscriber each (acks, private messages), are written before each turn of a pass and don't
 * wait for the end of the pass.
 *
 * A write always carries everything: the public frames after the subscriber's last one, with the direct frames in
 * their places among them. So the frames of one connection leave in the order in which they came (L16).
 */
export class WriteScheduler<Member extends Subscriber> {
  readonly #subscribers: ReadonlySet<Member>;
  readonly #policy: FlushPolicy;
  readonly #onTooSlow: (member: Member) => void;
  readonly #observe: (stats: FlushStats) => void;
  readonly #public = new BroadcastBuffer();
  #direct = new Map<Member, DirectFrame[]>();
  readonly #timer = new CoalescingTimer(() => this.#runTurn());
  readonly #ackTimer = new CoalescingTimer(() => this.#schedule());
  #pass: Pass<Member> | undefined;
  /** Number of the last public frame that every subscriber has. */
  #writtenToAll = 0;

  constructor(options: WriteSchedulerOptions<Member>) {
    this.#subscribers = options.subscribers;
    this.#policy = options.policy;
    this.#onTooSlow = options.onTooSlow;
    this.#observe = options.observe;
  }

  /** `member` gets the frames that come from now on. */
  add(member: Member): void {
    member.markWritten(this.#public.last);
  }

  broadcast(id: string, frame: Buffer, isChange = false): void {
    this.#public.add(id, frame, isChange);
    this.#schedule();
  }

  sendTo(member: Member, frame: Buffer): void {
    if (this.#addDirect(member, frame)) this.#schedule();
  }

  /**
   * Sends the answer to a message of `member`. Unless something else is written earlier, the answer waits one more
   * turn of the event loop: the sender's own copy of the message is about to come from the log, and both share a write.
   */
  sendAck(member: Member, frame: Buffer): void {
    if (this.#addDirect(member, frame)) this.#ackTimer.schedule(0);
  }

  /** Returns false, and adds nothing, if `member` was removed. */
  #addDirect(member: Member, frame: Buffer): boolean {
    if (member.writtenUpTo === REMOVED) return false;
    const direct = { after: this.#public.last, frame };
    const waiting = this.#direct.get(member);
    if (waiting) waiting.push(direct);
    else this.#direct.set(member, [direct]);
    return true;
  }

  /** Writes the frames that wait for `member`, and writes nothing to it afterwards. */
  flushAndRemove(member: Member): void {
    this.#writeTo(member);
    this.remove(member);
  }

  /** Writes nothing more to `member`, and drops the frames that wait for it. */
  remove(member: Member): void {
    member.markWritten(REMOVED);
    this.#direct.delete(member);
  }

  /** Writes every frame to every subscriber before it returns. */
  flushAll(): void {
    this.#writeDirect(Number.POSITIVE_INFINITY);
    // A running pass may have passed some subscribers before the last frames came. Only another pass reaches them.
    while (this.#needsPass) this.#continuePass(Number.POSITIVE_INFINITY);
  }

  get #needsPass(): boolean {
    return this.#pass !== undefined || this.#public.last > this.#writtenToAll;
  }

  /** Time until the next turn of a pass, in ms. */
  get #passDelay(): number {
    if (this.#pass || this.#public.bytes >= MAX_WAITING_BYTES) return 0;
    return this.#policy.delay(performance.now());
  }

  #schedule(): void {
    if (this.#direct.size > 0) this.#timer.schedule(0);
    else if (this.#needsPass) this.#timer.schedule(this.#passDelay);
  }

  #runTurn(): void {
    if (this.#direct.size > 0) this.#writeDirect(TURN_MS);
    if (this.#needsPass && this.#passDelay < 1) this.#continuePass(TURN_MS);
    this.#schedule();
  }

  /** Writes to subscribers with direct frames, to as many as `budgetMs` allows. */
  #writeDirect(budgetMs: number): void {
    const startedAt = performance.now();
    const turn = new WriteTurn(startedAt + budgetMs);
    let subscribers = 0;
    for (const member of this.#direct.keys()) {
      const bytes = this.#writeTo(member);
      if (bytes > 0) subscribers += 1;
      if (turn.wrote(bytes)) break;
    }
    // A map that is emptied and filled again links each of its former tables to the next one. Once one of them is old, it
    // keeps all later ones and their frames in memory until a full collection. A new map has no former tables.
    if (this.#direct.size === 0) this.#direct = new Map();
    this.#observe({ subscribers, publicFrames: 0, publicUpTo: undefined, ms: performance.now() - startedAt });
  }

  /** Continues the pass, or starts one, and writes to as many subscribers as `budgetMs` allows. */
  #continuePass(budgetMs: number): void {
    this.#pass ??= this.#startPass();
    const pass = this.#pass;
    const startedAt = performance.now();
    const isDone = this.#advance(pass, startedAt + budgetMs);
    pass.ms += performance.now() - startedAt;
    if (isDone) this.#endPass(pass);
  }

  #startPass(): Pass<Member> {
    this.#policy.passStarted();
    return { members: this.#subscribers.values(), upTo: this.#public.last, subscribers: 0, ms: 0 };
  }

  /** Returns true if the pass has reached every subscriber before `deadline`, a time of `performance.now`. */
  #advance(pass: Pass<Member>, deadline: number): boolean {
    const turn = new WriteTurn(deadline);
    for (let next = pass.members.next(); !next.done; next = pass.members.next()) {
      const bytes = this.#writeTo(next.value);
      if (bytes === 0) continue;
      pass.subscribers += 1;
      if (turn.wrote(bytes)) return false;
    }
    return true;
  }

  #endPass({ upTo, subscribers, ms }: Pass<Member>): void {
    const publicFrames = upTo - this.#writtenToAll;
    this.#pass = undefined;
    this.#writtenToAll = upTo;
    const publicUpTo = this.#public.idOf(upTo);
    this.#public.drop(upTo);
    this.#policy.passEnded(performance.now(), { ms, publicFrames });
    this.#observe({ subscribers, publicFrames, publicUpTo, ms });
  }

  /** Writes every frame that waits for `member`. Returns the number of bytes: 0 if there is no frame. */
  #writeTo(member: Member): number {
    const direct = this.#direct.get(member);
    // Removed subscribers return here too: they have no direct frames, and no frame's number is above `REMOVED`.
    if (!direct && member.writtenUpTo >= this.#public.last) return 0;
    this.#direct.delete(member);
    const from = this.#public.skipTo(member.cursor, member.writtenUpTo);
    member.markWritten(this.#public.last);
    const pieces = this.#piecesAfter(from, direct ?? [], member.speaksChat);
    if (pieces.length === 0) return 0;
    if (!member.write(pieces)) this.#onTooSlow(member);
    return pieces.reduce((bytes, { length }) => bytes + length, 0);
  }

  /** Returns the public frames after `from`, with the direct frames in their places. */
  #piecesAfter(from: number, direct: readonly DirectFrame[], withChanges: boolean): Buffer[] {
    const pieces: Buffer[] = [];
    let at = from;
    for (const { after, frame } of direct) {
      if (after > at) {
        pieces.push(...this.#public.between(at, after, withChanges));
        at = after;
      }
      pieces.push(frame);
    }
    const rest = at < this.#public.last ? this.#public.joinedAfter(at, withChanges) : undefined;
    if (rest && rest.length > 0) pieces.push(rest);
    return pieces;
  }
}
