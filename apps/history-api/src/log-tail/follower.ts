import { type BackoffLimits, backoffMs, coalesce, sleep } from "@parley/async";
import type { LogTail } from "@parley/bus";
import { type LogMessage, ORIGIN } from "@parley/models";
import { reasonOf, unavailable } from "../errors.ts";
import type { Observe } from "../events.ts";
import { Waiters } from "./position-waiters.ts";
import { RecentMessages, type View } from "./recent-messages.ts";
import { Marks } from "./watermark-history.ts";

export interface FollowerOptions {
  readonly tail: LogTail;
  readonly observe: Observe;
  readonly limits: FollowerLimits;
  /** Ms of a steady clock. */
  readonly now: () => number;
}

export interface FollowerLimits {
  /** How long a request waits for the follower, in ms. */
  readonly catchUpMs: number;
  /** About what the tail may take; beyond it, what is stored goes before its time (G5). */
  readonly maxBytes: number;
  readonly retry: BackoffLimits;
}

/** The log's end, as far as it may not be in the store yet: everything after some watermark, up to `position`. */
export interface Snapshot {
  readonly position: string;
  /** That watermark: everything behind it, up to `position`, is here. */
  readonly since: string;
  /** Of the conversation asked for, or of all. */
  readonly pending: View;
  firstWithRef(key: string): LogMessage | undefined;
}

type Phase =
  | { readonly kind: "starting" }
  /** On its way to `until`, the log's end when it started. */
  | {
      readonly kind: "catching-up";
      readonly position: string;
      readonly until: string;
      readonly since: number;
    }
  | { readonly kind: "following"; readonly position: string };

const WATERMARK_EVERY_MS = 1_000;

/**
 * Follows the log and keeps what may not be stored (L19–L22).
 *
 * It starts at the watermark, never at the end: what lies between is stored by nobody yet. One loop reads, notes the
 * watermark and lets go, so none of these ever sees another's half-done work. Only requests run beside it, and all
 * they do to it is this: one that finds the log's end before the place where the follower stood when the end was
 * asked for knows that the log was replaced, and begins a new generation (L3). So after each wait the loop drops
 * what it got where the generation is another one, and a request is refused where its end is of an older one.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #readEnd: () => Promise<End>;
  readonly #waiters = new Waiters();
  #phase: Phase = { kind: "starting" };
  #generation = 0;
  #recent = new RecentMessages(ORIGIN);
  #marks = new Marks();
  #watermarkAt = Number.NEGATIVE_INFINITY;
  #failure: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#readEnd = coalesce(() => this.#end());
  }

  problem(): string | undefined {
    if (this.#phase.kind === "following" && this.#failure === undefined) return this.#options.tail.problem();
    return this.#failure ?? "the log has not been followed to its end yet";
  }

  /**
   * What the log holds beyond the store, at or after its end at the time of the call (P56). Rejects with
   * `unavailable` where the log's end cannot be had, or is not reached in time.
   */
  async snapshot(conversation?: string): Promise<Snapshot> {
    if (this.#phase.kind !== "following") throw unavailable("This server is still catching up with the log.");
    const { end, from, generation } = await this.#readEnd();
    if (generation !== this.#generation) throw lostMeanwhile();
    if (end < from) {
      this.#startAgain("beyond the log's end");
      throw lostMeanwhile();
    }
    if (this.#phase.position < end) await this.#waiters.wait(end, this.#options.limits.catchUpMs);
    if (generation !== this.#generation) throw lostMeanwhile();
    const recent = this.#recent;
    return {
      position: this.#phase.position,
      since: recent.since,
      pending: conversation === undefined ? recent.all() : recent.of(conversation),
      firstWithRef: (key) => recent.firstWithRef(key),
    };
  }

  /** Until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { limits, observe } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#step(signal);
        failures = 0;
        this.#failure = undefined;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        const retryInMs = backoffMs(failures, limits.retry);
        this.#failure = `the log cannot be followed: ${reasonOf(error)}`;
        observe({ type: "follow-failed", retryInMs, reason: reasonOf(error) });
        await sleep(retryInMs, signal);
      }
    }
    this.#waiters.rejectAll(unavailable("This server is stopping."));
  }

  async #end(): Promise<End> {
    const generation = this.#generation;
    const from = this.#phase.kind === "starting" ? "" : this.#phase.position;
    return { end: await this.#options.tail.position(), from, generation };
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { tail, now } = this.#options;
    if (this.#phase.kind === "starting") await this.#start();
    const generation = this.#generation;
    const phase = this.#phase;
    if (phase.kind === "starting") return;
    const read = await tail.read(phase.position, signal);
    if (generation !== this.#generation) return;
    if (read.kind === "lost") {
      this.#startAgain("trimmed or replaced");
      // Through the loop's backoff, for a log that is lost again and again.
      throw lostMeanwhile();
    }
    this.#recent.add(read.messages);
    this.#reached(phase, read.position);
    if (now() - this.#watermarkAt >= WATERMARK_EVERY_MS) await this.#letGo();
    this.#letGoOfTooMuch();
  }

  async #start(): Promise<void> {
    const { tail, now } = this.#options;
    const since = now();
    const position = await tail.watermark();
    const until = await tail.position();
    this.#recent = new RecentMessages(position);
    this.#marks = new Marks();
    this.#reached({ kind: "catching-up", position, until, since }, position);
  }

  #reached(phase: Exclude<Phase, { kind: "starting" }>, position: string): void {
    const { observe, now } = this.#options;
    if (phase.kind === "catching-up" && position < phase.until) this.#phase = { ...phase, position };
    else {
      this.#phase = { kind: "following", position };
      if (phase.kind === "catching-up")
        observe({ type: "caught-up", entries: this.#recent.entries, ms: now() - phase.since });
    }
    this.#waiters.reached(position);
  }

  /** L20. Marks and messages are those of one generation: the next one begins with new ones, after this. */
  async #letGo(): Promise<void> {
    const { tail, observe, now } = this.#options;
    this.#marks.note(await tail.watermark(), now());
    this.#watermarkAt = now();
    const passed = this.#marks.takePassed(now());
    if (passed !== undefined) this.#recent.dropUpTo(passed);
    observe({ type: "tail", entries: this.#recent.entries, bytes: this.#recent.bytes });
  }

  /** What lies after the watermark stays whatever it takes: the log itself bounds that (L7). */
  #letGoOfTooMuch(): void {
    const { limits, observe } = this.#options;
    const stored = this.#marks.latest();
    const { bytes } = this.#recent;
    if (bytes <= limits.maxBytes || stored === undefined) return;
    this.#recent.dropUpTo(stored);
    if (this.#recent.bytes < bytes) observe({ type: "tail-full", bytes });
  }

  #startAgain(reason: "trimmed or replaced" | "beyond the log's end"): void {
    this.#generation += 1;
    this.#phase = { kind: "starting" };
    this.#options.observe({ type: "lost", reason });
    this.#waiters.rejectAll(lostMeanwhile());
  }
}

/** The log's end, with where the follower stood, and in which generation, when it was asked for. */
interface End {
  readonly end: string;
  readonly from: string;
  readonly generation: number;
}

function lostMeanwhile() {
  return unavailable("The log was replaced, or is ahead of this server: it catches up.");
}
