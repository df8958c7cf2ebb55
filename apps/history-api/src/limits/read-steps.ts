import { type FairPool, type Release, sleep } from "@parley/async";
import type { Caller } from "./caller.ts";
import type { FirstSteps } from "./first-steps.ts";
import type { LoopTurns } from "./loop-turns.ts";
import { orRefuse } from "./turn-refused.ts";

/** A page is one answer, or the beginning of a whole conversation. A part is what follows of a whole conversation. */
export type ReadKind = "page" | "part";

/**
 * Maximum time that a step gives way to short reads, and that a page waits in all its steps, for them and for its places in
 * the store, in ms. After that it goes on. So it ends under any load: many users behind one address would otherwise all wait
 * for each other until none can answer in time.
 */
export const GIVE_WAY_MS = { step: 100, page: 3_000 };

/**
 * A part or later step for which the store needs longer than `after` is followed by a rest as long as itself, at most
 * `max`, in ms. The store is slow or busy then, and would otherwise work for long reads all the time.
 */
const REST_MS = { after: 5, max: 25 };

export interface ReadStepsDeps {
  readonly firstSteps: FirstSteps;
  /** The places in the store for parts and later steps, by address. */
  readonly longSteps: FairPool;
  readonly loop: LoopTurns;
  readonly giveWayMs: typeof GIVE_WAY_MS;
}

/** The steps of one read, and their waits. If the read is aborted while it waits, the wait rejects with the reason. */
export class ReadSteps {
  readonly #deps: ReadStepsDeps;
  readonly #caller: Caller;
  readonly #signal: AbortSignal;
  /** A page is short until it gives way for the first time. A part begins with it. */
  #phase: "short" | "begins" | "long";
  /** The time that this read still waits for others, in ms. A part has only one step, and waits for its place. */
  #patienceMs: number;
  /** Ends the present step in the store. Only the first call has an effect. */
  #endStep: () => void;

  constructor(deps: ReadStepsDeps, kind: ReadKind, caller: Caller, signal: AbortSignal) {
    this.#deps = deps;
    this.#caller = caller;
    this.#signal = signal;
    this.#phase = kind === "page" ? "short" : "begins";
    this.#patienceMs = kind === "page" ? deps.giveWayMs.page : Number.POSITIVE_INFINITY;
    this.#endStep = kind === "page" ? deps.firstSteps.begin() : () => undefined;
  }

  /** Waits until it is this user's turn to use the event loop. Call it before each step that blocks the loop. */
  async next(): Promise<void> {
    const { loop } = this.#deps;
    if (this.#phase === "short") return loop.short(this.#caller.user, this.#signal);
    if (this.#phase === "begins") return this.giveWay();
    // The first step is over, and all that were read after it: the rest of the work uses the event loop alone.
    this.#endStep();
    await loop.long(this.#caller.user, this.#signal);
  }

  /** The same before the next step of a long read in the store. Waits until it is this read's turn there, too. */
  async giveWay(): Promise<void> {
    const { firstSteps, loop, giveWayMs } = this.#deps;
    this.#phase = "long";
    this.#endStep();
    const waitsSince = performance.now();
    const release = await this.#takePlace();
    this.#endStep = release;
    await firstSteps.untilNone(Math.min(giveWayMs.step, this.#patienceMs), this.#signal);
    this.#patienceMs = Math.max(0, this.#patienceMs - (performance.now() - waitsSince));
    await loop.long(this.#caller.user, this.#signal);
    const startedAt = performance.now();
    const endStep = () => void releaseAfterRest(release, performance.now() - startedAt);
    this.#endStep = endStep;
  }

  /** Resolves with a place in the store, or without one once the read has waited for too long. */
  async #takePlace(): Promise<Release> {
    const take = (signal: AbortSignal) =>
      orRefuse("address", this.#deps.longSteps.take(this.#caller.address, signal));
    if (this.#patienceMs === Number.POSITIVE_INFINITY) return take(this.#signal);
    const impatient = new AbortController();
    const timer = setTimeout(() => impatient.abort(), this.#patienceMs);
    try {
      return await take(AbortSignal.any([this.#signal, impatient.signal]));
    } catch (error) {
      if (this.#signal.aborted || !impatient.signal.aborted) throw error;
      return () => undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the read. */
  end(): void {
    this.#endStep();
  }
}

async function releaseAfterRest(release: () => void, tookMs: number): Promise<void> {
  if (tookMs > REST_MS.after) await sleep(Math.min(tookMs, REST_MS.max));
  release();
}
