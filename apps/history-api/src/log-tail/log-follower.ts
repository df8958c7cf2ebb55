import { type BackoffLimits, backoffMs, coalesce, sleep } from "@parley/async";
import type { LogTail, UnknownEntry } from "@parley/bus";
import { ORIGIN } from "@parley/models";
import { reasonOf, unavailable } from "../errors.ts";
import type { Observe } from "../events.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { type ChangeView, type MessageView, RecentMessages } from "./recent-messages.ts";
import type { TailRefs } from "./tail-refs.ts";
import { WatermarkHistory } from "./watermark-history.ts";

export interface LogFollowerDeps {
  readonly tail: LogTail;
  readonly observe: Observe;
  readonly limits: FollowerLimits;
  /** The current time of a monotonic clock, in ms. */
  readonly now: () => number;
}

export interface FollowerLimits {
  /** Maximum time that a request waits for the follower to reach the log's end, in ms. */
  readonly catchUpMs: number;
  /** Maximum size of the tail, in estimated bytes. Above it, stored messages aren't kept for 30 s (G5, L20). */
  readonly maxBytes: number;
  readonly retry: BackoffLimits;
}

/** The end of the log at one moment: every entry after `since` and up to `position`, stored or not (L19). */
export interface TailSnapshot {
  /** The log position that the snapshot reaches. Called F in merge.ts. */
  readonly position: string;
  /** A watermark: everything at or before it is in the store. */
  readonly since: string;
  /** The messages of the requested conversation, or of all conversations. */
  readonly pending: MessageView;
  /** The changes of the same messages, and of earlier ones. */
  readonly changes: ChangeView;
  /** The refs of the messages of the whole tail. */
  readonly refs: Pick<TailRefs, "first" | "last" | "holderOf" | "remember">;
}

type FollowerState =
  /** Has no position in the log. The next step reads the watermark and begins there. Requests get 503 (L21). */
  | { readonly kind: "starting" }
  /** Reads from the watermark towards `target`, which was the log's end at the start. Requests get 503 (L21). */
  | {
      readonly kind: "catching-up";
      readonly position: string;
      readonly target: string;
      readonly startedAt: number;
    }
  /** Has reached `target` and reads new messages as they are appended. Requests are answered. */
  | { readonly kind: "following"; readonly position: string };

/** The log's end, with the follower's position and generation just before the end was read. */
interface EndOfLog {
  readonly end: string;
  readonly positionBefore: string;
  readonly generation: number;
}

const WATERMARK_INTERVAL_MS = 1_000;

/**
 * Follows the log and holds every message and change that may not be in the store yet (L19 to L22).
 *
 * The follower starts at the watermark rather than at the log's end, because nothing after the watermark is known to
 * be stored. A single loop reads the log, records the watermark and drops stored messages, so these three never
 * interleave.
 *
 * Requests run concurrently with the loop and change the follower's state in one case only. If a request reads an end
 * of the log that is before the follower's position, the log was replaced (L3). The request then moves the follower
 * back to `starting` and increments the generation. So after each read the loop discards the result if the generation
 * has changed. A request is refused if the end that it read belongs to an older generation.
 */
export class LogFollower {
  readonly #deps: LogFollowerDeps;
  readonly #readEnd: () => Promise<EndOfLog>;
  readonly #waiters = new PositionWaiters();
  #state: FollowerState = { kind: "starting" };
  /** Number of times that the follower's position became invalid and the follower started again. */
  #generation = 0;
  #recent = new RecentMessages(ORIGIN);
  #watermarks = new WatermarkHistory();
  #watermarkReadAt = Number.NEGATIVE_INFINITY;
  /** True if the next entry in the log is of a later version. Then the log's end can't be reached (L10). */
  #isBlocked = false;
  /** Reason why the last step failed; undefined after a successful step. */
  #failure: string | undefined;

  constructor(deps: LogFollowerDeps) {
    this.#deps = deps;
    this.#readEnd = coalesce(() => this.#endOfLog());
  }

  /** Reason why the follower can't serve snapshots now, or undefined if it can. */
  problem(): string | undefined {
    if (this.#state.kind === "following" && this.#failure === undefined) return this.#deps.tail.problem();
    return this.#failure ?? "the log has not been followed to its end yet";
  }

  /**
   * Returns the tail up to the log's end, which is read after this call (P56). Concurrent calls share one read of the
   * end. Rejects with `unavailable` if the end can't be read, or if the follower doesn't reach it within `catchUpMs`.
   */
  async snapshot(conversation?: string): Promise<TailSnapshot> {
    if (this.#state.kind !== "following")
      throw unavailable("This server is still catching up with the log. Retry later.");
    const { end, positionBefore, generation } = await this.#readEnd();
    if (generation !== this.#generation) throw logReplaced();
    if (end < positionBefore) {
      this.#startAgain("beyond the log's end");
      throw logReplaced();
    }
    if (this.#state.position < end && this.#isBlocked) throw laterVersion();
    if (this.#state.position < end) await this.#waiters.wait(end, this.#deps.limits.catchUpMs);
    if (generation !== this.#generation) throw logReplaced();
    return this.#tailAt(this.#state.position, conversation);
  }

  /**
   * Returns the current tail, for a later part of an answer that ends at `position`. So the answer doesn't have to
   * keep the first tail in memory. Throws `unavailable` if the follower started again and hasn't reached `position`
   * yet.
   */
  later(position: string, conversation: string): TailSnapshot {
    if (this.#state.kind !== "following" || this.#state.position < position) throw logReplaced();
    return this.#tailAt(this.#state.position, conversation);
  }

  /**
   * Resolves once the follower is beyond a position that a snapshot reached, or has lost its own, or the signal is aborted.
   * Never rejects.
   */
  async untilBeyond(position: string, signal: AbortSignal): Promise<void> {
    if (this.#state.kind === "following" && this.#state.position === position)
      await this.#waiters.waitBeyond(position, signal);
  }

  #tailAt(position: string, conversation: string | undefined): TailSnapshot {
    const recent = this.#recent;
    return {
      position,
      since: recent.since,
      pending: recent.viewMessages(conversation),
      changes: recent.viewChanges(conversation),
      refs: recent.refs,
    };
  }

  /** Follows the log until `signal` is aborted. Never rejects: a failed step is retried after a backoff. */
  async run(signal: AbortSignal): Promise<void> {
    const { limits, observe } = this.#deps;
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
    this.#waiters.rejectAll(unavailable("This server is stopping. Retry later."));
  }

  async #endOfLog(): Promise<EndOfLog> {
    const generation = this.#generation;
    const positionBefore = this.#state.kind === "starting" ? "" : this.#state.position;
    return { end: await this.#deps.tail.position(), positionBefore, generation };
  }

  /**
   * Reads the next batch of the log, and once a second the watermark. Starts first if the follower has no position.
   */
  async #step(signal: AbortSignal): Promise<void> {
    const { tail, now } = this.#deps;
    if (this.#state.kind === "starting") await this.#start();
    const generation = this.#generation;
    const state = this.#state;
    if (state.kind === "starting") return;
    const read = await tail.read(state.position, signal);
    if (generation !== this.#generation) return;
    if (read.kind === "lost") {
      this.#startAgain("trimmed or replaced");
      // Fails this step, so that a log that is lost again and again is retried with a growing backoff.
      throw unavailable("the log was trimmed or replaced");
    }
    this.#recent.add(read.entries);
    this.#moveTo(read.position, state);
    if (now() - this.#watermarkReadAt >= WATERMARK_INTERVAL_MS) await this.#dropExpired();
    this.#dropExcess();
    this.#isBlocked = read.unknown !== undefined;
    if (!read.unknown) return;
    this.#waiters.rejectAll(laterVersion());
    // Fails this step, so that the log is read again with a growing backoff, and the reason is shown.
    throw unavailable(textOf(read.unknown));
  }

  async #start(): Promise<void> {
    const { tail, now } = this.#deps;
    const startedAt = now();
    const position = await tail.watermark();
    const target = await tail.position();
    this.#recent = new RecentMessages(position);
    this.#watermarks = new WatermarkHistory();
    this.#moveTo(position, { kind: "catching-up", position, target, startedAt });
  }

  /** Sets the new position. Becomes `following` once the position has reached the target. */
  #moveTo(position: string, from: Exclude<FollowerState, { kind: "starting" }>): void {
    const { observe, now } = this.#deps;
    if (from.kind === "catching-up" && position < from.target) this.#state = { ...from, position };
    else {
      this.#state = { kind: "following", position };
      if (from.kind === "catching-up")
        observe({ type: "caught-up", entries: this.#recent.entries, ms: now() - from.startedAt });
    }
    this.#waiters.reached(position);
  }

  /**
   * Reads the watermark and drops the messages that it passed at least 30 s ago (L20). If the generation changes
   * during the read, only messages of the old generation are dropped, and `#start` replaces those anyway.
   */
  async #dropExpired(): Promise<void> {
    const { tail, observe, now } = this.#deps;
    this.#watermarks.record(await tail.watermark(), now());
    this.#watermarkReadAt = now();
    const expired = this.#watermarks.takeExpired(now());
    if (expired !== undefined) this.#recent.dropUpTo(expired);
    const { entries, bytes, refs } = this.#recent;
    observe({ type: "tail", entries, bytes, rememberedRefs: refs.remembered });
  }

  /**
   * Drops all stored messages at once if the tail exceeds its bound (G5). Messages after the watermark are always
   * kept: the log itself bounds them (L7).
   */
  #dropExcess(): void {
    const { limits, observe } = this.#deps;
    const stored = this.#watermarks.latest();
    const { bytes } = this.#recent;
    if (bytes <= limits.maxBytes || stored === undefined) return;
    this.#recent.dropUpTo(stored);
    if (this.#recent.bytes < bytes) observe({ type: "tail-full", bytes });
  }

  #startAgain(reason: "trimmed or replaced" | "beyond the log's end"): void {
    this.#generation += 1;
    this.#isBlocked = false;
    this.#state = { kind: "starting" };
    this.#deps.observe({ type: "lost", reason });
    this.#waiters.rejectAll(logReplaced());
  }
}

/** The text for operators. It contains nothing of the entry except for its kind. */
function textOf({ position, version, what = "message" }: UnknownEntry): string {
  return `a later version wrote the entry ${position} (version ${version}, ${what}): upgrade this process`;
}

function laterVersion() {
  return unavailable("A later version of the server is needed for the newest messages. Retry later.");
}

function logReplaced() {
  return unavailable("The log was replaced or trimmed, and this server is catching up. Retry later.");
}
