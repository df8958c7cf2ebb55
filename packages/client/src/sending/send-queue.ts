import { closedError, ParleyError } from "../errors.ts";
import { callListener } from "../observable.ts";
import { type BackoffOptions, backoff } from "../timing/backoff.ts";
import { clock } from "../timing/clock.ts";
import { retryAfterOf } from "../timing/retry-after.ts";
import { MAX_TIMER_MS } from "../timing/sleep.ts";
import { onWake } from "../timing/wake.ts";
import type { ErrorFrame, Meta, Receipt } from "../wire.ts";
import { encodeFields, randomRef, validate } from "./message-frame.ts";

export interface SendLimits {
  /** The time that a send may take with all its attempts, in ms. */
  readonly deadlineMs: number;
  /** The maximum number of unsettled sends over all conversations. */
  readonly maxPending: number;
  readonly backoff: BackoffOptions;
}

/** A frame without an answer is sent again after this time, in ms. Its ref makes that safe. */
const ANSWER_TIMEOUT_MS = 30_000;
/** The temporary errors after which an attempt isn't in the log. After any other one, it may be in the log (P31). */
const NO_EFFECT_CODES = new Set(["rate_limited", "backlog_full"]);

/** An unsettled send. */
interface PendingSend {
  readonly ref: string;
  readonly frame: string;
  /** The deadline, by the monotonic clock. */
  readonly expiresAt: number;
  /** True while the latest attempt has no answer. */
  isInFlight: boolean;
  /** True if an earlier attempt may have reached the log: its answer was lost, or left the outcome open (P31). */
  mayBeInLog: boolean;
  /** Called once, before the first attempt. */
  onLeave: (() => void) | undefined;
  /** The wall time of the first attempt. Undefined before it. */
  leftAtWallTime: number | undefined;
  /** The time of the next attempt: after the answer's timeout, the backoff or `retryAfterMs`. */
  notBefore: number;
  attempts: number;
  settle(outcome: Receipt | ParleyError): void;
}

/** The options of one `send`. */
export interface SendOptions {
  /** A JSON object that the message carries beside its content: at most 1 KiB as JSON, nested at most 16 deep (P72). */
  readonly meta?: Meta | undefined;
  /**
   * Your name for the message: 1 to 64 characters, unique for the sender within the conversation. Within the server's
   * dedupe window (10 minutes by default) a repeated send with the same `ref`, content and `meta` is the same message.
   * Default: a random ref.
   */
  readonly ref?: string | undefined;
  /**
   * Aborting it rejects the send with `not_sent`, or with `outcome_unknown` if the message may have gone through. The
   * message isn't taken back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called once, right before the message is written to a connection for the first time. From then on it may have
   * gone through, and the server's dedupe window may have begun.
   */
  readonly onLeave?: (() => void) | undefined;
}

/**
 * Sends messages until the server acknowledges them (G2, P10, P31).
 *
 * One message per conversation is in flight at a time, and later ones wait for its ack. So the order is kept even if
 * a message is sent again. All attempts of a message carry the same `ref`, which makes them safe: the server answers
 * a known ref with the first attempt's id. The server forgets refs after its dedupe window, so a send is given up
 * once half of that window has passed since the call. If the message may be in the log by then, the error says so.
 */
export class SendQueue {
  /** The unsettled messages by recipient, in order. Only the first one of each recipient may be in flight. */
  readonly #queues = new Map<string, PendingSend[]>();
  readonly #recipientOfRef = new Map<string, string>();
  readonly #limits: SendLimits;
  readonly #transmit: (frame: string) => void;
  readonly #stopListening: () => void;
  #connected = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `transmit` writes a frame to the current connection. It is called only while connected. */
  constructor(limits: SendLimits, transmit: (frame: string) => void) {
    this.#limits = limits;
    this.#transmit = transmit;
    this.#stopListening = onWake(() => this.#pump());
  }

  /** Resolves once the message is acknowledged. Rejects with a ParleyError. */
  send(to: string, content: string, options: SendOptions = {}): Promise<Receipt> {
    const { maxPending, deadlineMs } = this.#limits;
    if (this.#recipientOfRef.size >= maxPending) {
      const message = `send: ${maxPending} sends are pending already (maxPendingSends). Wait until some have settled.`;
      return Promise.reject(new ParleyError("queue_full", message, { temporary: true }));
    }
    const ref = options.ref ?? randomRef();
    if (this.#recipientOfRef.has(ref)) {
      return Promise.reject(new ParleyError("ref_reused", "send: a send with this ref is still pending."));
    }
    const frame = encodeFields({ to, content, ref }, options.meta);
    if (frame instanceof ParleyError) return Promise.reject(frame);
    const invalid = validate(to, content, ref, frame);
    if (invalid) return Promise.reject(invalid);
    return new Promise((resolve, reject) => {
      const pending: PendingSend = {
        ref,
        frame,
        expiresAt: clock.now() + deadlineMs,
        isInFlight: false,
        mayBeInLog: false,
        onLeave: options.onLeave,
        leftAtWallTime: undefined,
        notBefore: 0,
        attempts: 0,
        settle: (outcome) => {
          options.signal?.removeEventListener("abort", abort);
          if (outcome instanceof ParleyError) reject(outcome);
          else resolve(outcome);
        },
      };
      const abort = () => {
        this.#giveUp(pending, "The send was aborted.");
        this.#pump();
      };
      const queue = this.#queues.get(to);
      if (queue) queue.push(pending);
      else this.#queues.set(to, [pending]);
      this.#recipientOfRef.set(ref, to);
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener("abort", abort, { once: true });
      this.#pump();
    });
  }

  /** The number of unsettled sends. */
  get size(): number {
    return this.#recipientOfRef.size;
  }

  /** A connection is ready: sends the messages that were in flight again, and the messages that have waited. */
  connected(): void {
    this.#connected = true;
    this.#giveUpOverslept();
    this.#pump();
  }

  /** The connection has ended: the answers to the messages in flight are lost. */
  disconnected(): void {
    this.#connected = false;
    for (const head of this.#heads()) {
      if (!head.isInFlight) continue;
      head.isInFlight = false;
      head.mayBeInLog = true;
      head.notBefore = 0;
    }
    this.#pump();
  }

  onAck(ref: string, receipt: Receipt): void {
    const pending = this.#find(ref);
    if (!pending) return;
    this.#settle(pending, receipt);
    this.#pump();
  }

  /** Handles an error about a message: a temporary one schedules another attempt, any other rejects the send. */
  onError(error: ErrorFrame): void {
    const pending = error.ref === undefined ? undefined : this.#find(error.ref);
    if (!pending) return;
    if (error.temporary) {
      pending.isInFlight = false;
      pending.mayBeInLog ||= !NO_EFFECT_CODES.has(error.code);
      const waitMs = retryAfterOf(error.retryAfterMs) ?? 0;
      pending.notBefore = clock.now() + waitMs + backoff(pending.attempts, this.#limits.backoff);
      pending.attempts += 1;
    } else {
      this.#settle(pending, new ParleyError(error.code, error.message));
    }
    this.#pump();
  }

  /** Rejects every unsettled send with `closed`. `reason` is the error that closed the client, if one did. */
  close(reason?: ParleyError): void {
    clearTimeout(this.#timer);
    this.#stopListening();
    this.#connected = false;
    for (const pending of this.#all()) {
      const details = { mayHaveGoneThrough: mayHaveGoneThrough(pending) };
      this.#settle(pending, closedError(reason, details));
    }
  }

  /** Gives up expired sends, transmits the sends that are due, and sets the timer for the next expiry or attempt. */
  #pump(): void {
    clearTimeout(this.#timer);
    const now = clock.now();
    for (const pending of this.#all()) {
      if (pending.expiresAt <= now) this.#giveUp(pending, "The send's deadline passed.");
    }
    const heads = this.#connected ? this.#heads() : [];
    for (const head of heads) if (head.notBefore <= now) this.#attempt(head, now);
    let next = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#all()) next = Math.min(next, expiresAt);
    for (const { notBefore } of heads) next = Math.min(next, notBefore);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(next - now, 1), MAX_TIMER_MS));
  }

  #heads(): PendingSend[] {
    return [...this.#queues.values()].flatMap(([head]) => head ?? []);
  }

  #all(): PendingSend[] {
    return [...this.#queues.values()].flat();
  }

  #attempt(pending: PendingSend, now: number): void {
    pending.notBefore = now + ANSWER_TIMEOUT_MS;
    pending.mayBeInLog ||= pending.isInFlight;
    pending.isInFlight = true;
    pending.leftAtWallTime ??= clock.wallTime();
    const { onLeave } = pending;
    pending.onLeave = undefined;
    if (onLeave) callListener(onLeave, undefined);
    this.#transmit(pending.frame);
  }

  #giveUp(pending: PendingSend, why: string): void {
    this.#settle(
      pending,
      mayHaveGoneThrough(pending)
        ? new ParleyError("outcome_unknown", `${why} The message may have gone through.`, {
            mayHaveGoneThrough: true,
          })
        : new ParleyError("not_sent", `${why} The message has not gone through.`, { temporary: true }),
    );
  }

  /**
   * Gives up the messages that may be in the log and whose deadline has passed by the wall clock. The monotonic clock
   * may stand still while the machine sleeps, and an attempt after the server's dedupe window would be a second
   * message. Only for a new connection: an open one doesn't survive such a sleep, so there the clock was set.
   */
  #giveUpOverslept(): void {
    for (const pending of this.#all()) {
      const { mayBeInLog, leftAtWallTime = Number.POSITIVE_INFINITY } = pending;
      const hasPassed = clock.wallTime() - leftAtWallTime >= this.#limits.deadlineMs;
      if (mayBeInLog && hasPassed) this.#giveUp(pending, "The send's deadline passed without a connection.");
    }
  }

  #find(ref: string): PendingSend | undefined {
    const to = this.#recipientOfRef.get(ref);
    return to === undefined ? undefined : this.#queues.get(to)?.find((pending) => pending.ref === ref);
  }

  #settle(pending: PendingSend, outcome: Receipt | ParleyError): void {
    const to = this.#recipientOfRef.get(pending.ref);
    if (to === undefined) return;
    this.#recipientOfRef.delete(pending.ref);
    const rest = (this.#queues.get(to) ?? []).filter((other) => other !== pending);
    if (rest.length > 0) this.#queues.set(to, rest);
    else this.#queues.delete(to);
    pending.settle(outcome);
  }
}

function mayHaveGoneThrough({ isInFlight, mayBeInLog }: PendingSend): boolean {
  return isInFlight || mayBeInLog;
}
