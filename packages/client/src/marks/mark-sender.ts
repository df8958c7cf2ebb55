import { backoff } from "../timing/backoff.ts";
import { clock } from "../timing/clock.ts";
import { retryAfterOf } from "../timing/retry-after.ts";
import { MAX_TIMER_MS } from "../timing/sleep.ts";
import type { ErrorFrame } from "../wire.ts";
import { GreatestIds } from "./greatest-ids.ts";

/** The time between two rounds, in ms. The server gathers marks for a second more, and devices agree within two. */
const ROUND_MS = 500;
/**
 * The maximum number of marks in a round. It is below the server's rate (P70), and ten invalid frames in a row would end the
 * connection (P32).
 */
const ROUND_SIZE = 4;
/** A mark that isn't heard is sent again after this time and a random part that grows, in ms. */
const UNHEARD_MS = 6_000;
const UNHEARD_BACKOFF = { baseMs: 6_000, maxMs: 60_000 };
/** The number of times that a mark is sent without being heard. Then the client gives it up. */
const MAX_TRIES = 8;
/** The wait after a refusal, in addition to the one that the server asks for. */
const REFUSED_BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
/** The maximum number of conversations whose marks wait, and of those whose marks are known to be settled (G5). */
const MAX_CONVERSATIONS = 1_000;

/** The greatest mark of a conversation that the server hasn't told yet. */
interface PendingMark {
  readonly id: string;
  /** True from sending the mark until it counts as unheard or refused. */
  isInFlight: boolean;
  /** The time of the next attempt, by the monotonic clock. */
  notBefore: number;
  /** The number of attempts that weren't heard in time. */
  unheard: number;
}

/**
 * Sends read marks until the server tells them (P70). There is no ack: the server tells a mark once it has grown.
 *
 *             a round                  the mark, or a greater one, is told
 *   ┌─────┐ ──────────▶ ┌───────────┐ ────────────────────────────────────▶ ┌─────────┐
 *   │ due │             │ in flight │                                       │ settled │
 *   └─────┘ ◀────────── └───────────┘ ────────────────────────────────────▶ └─────────┘
 *     unheard, refused, or           unheard too often, or invalid
 *     the connection ended
 *
 * A mark that the server knows already is never heard: only `/conversations` tells it. So the number of attempts is
 * bounded. Only attempts on a connection that lasted count, so that a bad link doesn't use them up. Sending a mark twice
 * is harmless.
 *
 * There are timers only while a connection is open.
 */
export class MarkSender {
  readonly #transmit: (frame: string) => void;
  /** By conversation. Those that were sent least recently are first. */
  readonly #pending = new Map<string, PendingMark>();
  readonly #settled = new GreatestIds(MAX_CONVERSATIONS);
  #isConnected = false;
  #nextRoundAt = 0;
  /** The number of refused rounds in a row. */
  #refusals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `transmit` writes a frame to the current connection. It is called only while connected. */
  constructor(transmit: (frame: string) => void) {
    this.#transmit = transmit;
  }

  /** Adds a mark. If too many conversations wait, the mark that waits longest is dropped. */
  mark(other: string, id: string): void {
    const pending = this.#pending.get(other);
    if (this.#settled.covers(other, id) || (pending && pending.id >= id)) return;
    this.#pending.set(other, { id, isInFlight: false, notBefore: 0, unheard: 0 });
    if (this.#pending.size > MAX_CONVERSATIONS) this.#pending.delete([...this.#pending.keys()][0] ?? "");
    this.#schedule();
  }

  /** A connection to a server that has read marks is ready. All marks that aren't settled are due. */
  connected(): void {
    this.#isConnected = true;
    for (const mark of this.#pending.values()) makeDue(mark);
    this.#schedule();
  }

  disconnected(): void {
    this.#isConnected = false;
    clearTimeout(this.#timer);
  }

  /** The server has told that the user has read a conversation up to `id`. */
  confirm(other: string, id: string): void {
    this.#refusals = 0;
    this.#settle(other, id);
    this.#schedule();
  }

  /**
   * Handles an error without a ref. A mark has none, so the error may be about each mark in flight, or about another frame
   * without a ref. Refused marks are sent again. After an invalid one none in flight is sent again: the server has the
   * others.
   */
  onError({ code, retryAfterMs }: Pick<ErrorFrame, "code" | "retryAfterMs">): void {
    const inFlight = [...this.#pending].filter(([, { isInFlight }]) => isInFlight);
    if (!this.#isConnected || inFlight.length === 0) return;
    if (code === "invalid_message" || code === "unknown_type") {
      for (const [other, { id }] of inFlight) this.#settle(other, id);
    } else if (code === "rate_limited" || code === "backlog_full") {
      for (const [, mark] of inFlight) makeDue(mark);
      const waitMs = (retryAfterOf(retryAfterMs) ?? 0) + backoff(this.#refusals, REFUSED_BACKOFF);
      this.#nextRoundAt = Math.max(this.#nextRoundAt, clock.now() + waitMs);
      this.#refusals += 1;
    }
    this.#schedule();
  }

  /** Sends what waits for the next round, if there is a connection, and nothing after that. */
  close(): void {
    if (this.#isConnected) this.#sendRound(clock.now());
    this.disconnected();
  }

  /** Sets the timer for the next round. Nothing is sent before the application's current task has ended. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#isConnected || this.#pending.size === 0) return;
    const dueAt = Math.min(...[...this.#pending.values()].map(({ notBefore }) => notBefore));
    const waitMs = Math.max(dueAt, this.#nextRoundAt) - clock.now();
    this.#timer = setTimeout(() => this.#runRound(), Math.min(Math.max(waitMs, 0), MAX_TIMER_MS));
  }

  #runRound(): void {
    const now = clock.now();
    for (const [other, mark] of this.#pending) {
      if (!mark.isInFlight || mark.notBefore > now) continue;
      mark.isInFlight = false;
      mark.unheard += 1;
      if (mark.unheard >= MAX_TRIES) this.#settle(other, mark.id);
    }
    if (this.#nextRoundAt <= now) this.#sendRound(now);
    this.#schedule();
  }

  #sendRound(now: number): void {
    const due = [...this.#pending].filter(([, { notBefore }]) => notBefore <= now).slice(0, ROUND_SIZE);
    if (due.length > 0) this.#nextRoundAt = now + ROUND_MS;
    for (const [other, mark] of due) {
      // In a Map, a key that is set anew is the last one.
      this.#pending.delete(other);
      this.#pending.set(other, mark);
      mark.isInFlight = true;
      mark.notBefore = now + UNHEARD_MS + backoff(mark.unheard, UNHEARD_BACKOFF);
      this.#transmit(JSON.stringify({ type: "read", with: other, id: mark.id }));
    }
  }

  #settle(other: string, id: string): void {
    this.#settled.raise(other, id);
    const pending = this.#pending.get(other);
    if (pending && pending.id <= id) this.#pending.delete(other);
  }
}

function makeDue(mark: PendingMark): void {
  mark.isInFlight = false;
  mark.notBefore = 0;
}
