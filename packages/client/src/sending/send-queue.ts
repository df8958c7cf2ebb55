import { ParleyError } from "../errors.ts";
import { tell } from "../observable.ts";
import { backoff } from "../timing/backoff.ts";
import { LONGEST_MS } from "../timing/sleep.ts";
import type { ErrorFrame, Receipt } from "../wire.ts";

/**
 * The sending side (G2, P10, P31).
 *
 * One message of a conversation is under way at a time and the later ones wait for its ack, so that their order
 * holds whatever has to be sent again. Each keeps its `ref` over all tries, and that is what makes them safe: the
 * server answers a ref it knows with the first one's id. It knows a ref only for a while (its dedupe window), so
 * nothing is tried any more once half of that has passed since the first try; then the outcome is unknown, and said so.
 */

export interface SendLimits {
  /** How long a send may take in all, in ms. */
  readonly deadlineMs: number;
  /** How many sends may wait or be under way, over all conversations. */
  readonly maxPending: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
}

/** A frame that gets no answer for so long, in ms, is sent again: with its ref that is safe. */
const ANSWER_MS = 30_000;
/** P12: a greater frame would end the connection, and every next one it is tried on. */
const MAX_FRAME_BYTES = 64 * 1024;
const MAX_REF = 64;
/** Temporary errors that say for certain that this try changed nothing; any other leaves it open (P31). */
const NOT_TAKEN = new Set(["rate_limited", "backlog_full"]);

/** One message on its way. */
interface Pending {
  readonly ref: string;
  readonly frame: string;
  readonly expiresAt: number;
  /** Whether a try is out that has no answer yet. */
  isOut: boolean;
  /** Whether an earlier one may have gone through: its answer was lost, or said that nobody knows (P31). */
  mayBeThere: boolean;
  /** Called once, when it first leaves. */
  onLeave: (() => void) | undefined;
  /** Not to be tried before this time, ms: an answer is waited for, or the server asked for patience. */
  notBefore: number;
  attempts: number;
  settle(outcome: Receipt | ParleyError): void;
}

/** What a caller may say about one send. */
export interface SendOptions {
  /** Unique for this sender in this conversation; one is made where it is missing. */
  readonly ref?: string | undefined;
  /** Gives the send up when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called once, right before the message first goes onto a connection: from then on it may have gone through. */
  readonly onLeave?: (() => void) | undefined;
}

export class Sends {
  /** Conversation (by `to`) → its messages in order; the first is the one under way. */
  readonly #queues = new Map<string, Pending[]>();
  readonly #conversationOfRef = new Map<string, string>();
  readonly #limits: SendLimits;
  readonly #transmit: (frame: string) => void;
  #connected = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `transmit` puts a frame on the present connection; it is called only while connected. */
  constructor(limits: SendLimits, transmit: (frame: string) => void) {
    this.#limits = limits;
    this.#transmit = transmit;
  }

  /** Resolves once acknowledged. Rejects with a ParleyError that says whether it may have gone through. */
  send(to: string, content: string, options: SendOptions = {}): Promise<Receipt> {
    if (this.#conversationOfRef.size >= this.#limits.maxPending) {
      return Promise.reject(new ParleyError("queue_full", "Too many sends wait.", { temporary: true }));
    }
    const ref = options.ref ?? randomRef();
    if (this.#conversationOfRef.has(ref)) {
      return Promise.reject(new ParleyError("ref_reused", "A send with this ref is under way."));
    }
    const frame = JSON.stringify({ to, content, ref });
    const mistake = mistakeIn(to, content, ref, frame);
    if (mistake) return Promise.reject(mistake);
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        ref,
        frame,
        expiresAt: Date.now() + this.#limits.deadlineMs,
        isOut: false,
        mayBeThere: false,
        onLeave: options.onLeave,
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
      this.#conversationOfRef.set(ref, to);
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener("abort", abort, { once: true });
      this.#pump();
    });
  }

  get size(): number {
    return this.#conversationOfRef.size;
  }

  /** A connection is ready: whatever was under way goes again. */
  connected(): void {
    this.#connected = true;
    this.#pump();
  }

  disconnected(): void {
    this.#connected = false;
    for (const head of this.#heads()) {
      if (!head.isOut) continue;
      head.isOut = false;
      head.mayBeThere = true;
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

  /** An error with a ref: a temporary one is tried again in its time, any other ends the send. */
  onError(error: ErrorFrame): void {
    const pending = error.ref === undefined ? undefined : this.#find(error.ref);
    if (!pending) return;
    if (error.temporary) {
      pending.isOut = false;
      pending.mayBeThere ||= !NOT_TAKEN.has(error.code);
      pending.notBefore =
        Date.now() + (error.retryAfterMs ?? 0) + backoff(pending.attempts, this.#limits.retry);
      pending.attempts += 1;
    } else {
      this.#settle(pending, new ParleyError(error.code, error.message));
    }
    this.#pump();
  }

  /** Rejects everything that waits or is under way. */
  close(): void {
    clearTimeout(this.#timer);
    this.#connected = false;
    for (const pending of this.#all()) {
      this.#settle(
        pending,
        new ParleyError("closed", "The client was closed.", {
          mayHaveGoneThrough: mayHaveGoneThrough(pending),
        }),
      );
    }
  }

  /** Ends what is overdue, puts on the wire what is due, and sets the timer for what comes next. */
  #pump(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    for (const pending of this.#all())
      if (pending.expiresAt <= now) this.#giveUp(pending, "The deadline passed.");
    const heads = this.#connected ? this.#heads() : [];
    for (const head of heads) if (head.notBefore <= now) this.#put(head, now);
    let next = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#all()) next = Math.min(next, expiresAt);
    for (const { notBefore } of heads) next = Math.min(next, notBefore);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(next - now, 1), LONGEST_MS));
  }

  #heads(): Pending[] {
    return [...this.#queues.values()].flatMap(([head]) => head ?? []);
  }

  #all(): Pending[] {
    return [...this.#queues.values()].flat();
  }

  #put(pending: Pending, now: number): void {
    pending.notBefore = now + ANSWER_MS;
    pending.mayBeThere ||= pending.isOut;
    pending.isOut = true;
    const { onLeave } = pending;
    pending.onLeave = undefined;
    if (onLeave) tell(onLeave, undefined);
    this.#transmit(pending.frame);
  }

  #giveUp(pending: Pending, why: string): void {
    this.#settle(
      pending,
      mayHaveGoneThrough(pending)
        ? new ParleyError("outcome_unknown", `${why} The message may have gone through.`, {
            mayHaveGoneThrough: true,
          })
        : new ParleyError("not_sent", `${why} The message has not gone through.`, { temporary: true }),
    );
  }

  #find(ref: string): Pending | undefined {
    const to = this.#conversationOfRef.get(ref);
    return to === undefined ? undefined : this.#queues.get(to)?.find((pending) => pending.ref === ref);
  }

  #settle(pending: Pending, outcome: Receipt | ParleyError): void {
    const to = this.#conversationOfRef.get(pending.ref);
    if (to === undefined) return;
    this.#conversationOfRef.delete(pending.ref);
    const rest = (this.#queues.get(to) ?? []).filter((other) => other !== pending);
    if (rest.length > 0) this.#queues.set(to, rest);
    else this.#queues.delete(to);
    pending.settle(outcome);
  }
}

function mayHaveGoneThrough({ isOut, mayBeThere }: Pending): boolean {
  return isOut || mayBeThere;
}

/** What the server could not even tell us about this send: without it the send would wait for its deadline. */
function mistakeIn(to: string, content: string, ref: string, frame: string): ParleyError | undefined {
  // JSON drops what is undefined, and a message to nobody in particular is one to everybody.
  if (typeof to !== "string" || typeof content !== "string" || typeof ref !== "string") {
    return new ParleyError("invalid_message", "to, content and ref must be strings.");
  }
  if (ref === "" || [...ref].length > MAX_REF || !ref.isWellFormed()) {
    return new ParleyError("invalid_message", `A ref has 1 to ${MAX_REF} characters.`);
  }
  if (frame.length * 3 > MAX_FRAME_BYTES && new TextEncoder().encode(frame).length > MAX_FRAME_BYTES) {
    return new ParleyError("content_too_long", "The content is longer than a frame can be.");
  }
  return undefined;
}

/** `crypto.randomUUID` is missing in pages that are not served over https; this is not. */
function randomRef(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
