import { setTimeout as sleep, setImmediate as turnOfLoop } from "node:timers/promises";
import { FairPool, type Release } from "@parley/async";

/** A turn that blocks the event loop for longer is followed by a rest, in ms. */
const REST_AFTER_MS = { short: 2, long: 0.2 };
/** Maximum length of a rest, in times of the turn before it, so that long reads go on while the process is busy. */
const MAX_REST = 4;

/** One turn at a time. The reads that wait for turns are limited before they begin (see ReadTurns). */
const ONE = {
  places: 1,
  placesPerKey: 1,
  waiting: Number.MAX_SAFE_INTEGER,
  waitingPerKey: Number.MAX_SAFE_INTEGER,
};

/**
 * Turns of the event loop for steps of reads that block it: SQLite blocks the process during a read, and so does the
 * conversion of a long page to JSON. Users take turns, and at most one step runs in each iteration of the event loop. The
 * process does its other work between two iterations (G5).
 *
 * A step rests after a turn that was not very short: a message that is sent meanwhile takes several iterations, and each
 * would otherwise wait for such a step. After a short read's turn, no other turn begins for as long as it took. After a
 * long read's turn, no other turn of a long read begins until the event loop was idle for as long, because other work had
 * waited meanwhile. Short reads don't wait for that rest.
 */
export class LoopTurns {
  readonly #all = new FairPool(ONE);
  readonly #long = new FairPool(ONE);

  /** Waits until a user may use the event loop for a step of a short read. The step is what the caller does at once. */
  async short(user: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Nobody has used this iteration: the place of its step is free until the next one.
    const release = this.#all.tryTake(user) ?? (await this.#afterOthers(user, signal));
    void endShort(release);
  }

  async #afterOthers(user: string, signal: AbortSignal): Promise<Release> {
    const release = await this.#all.take(user, signal);
    await turnOfLoop();
    return release;
  }

  /** The same for a step of a long read. */
  async long(user: string, signal: AbortSignal): Promise<void> {
    const endRest = await this.#long.take(user, signal);
    try {
      void endLong(await this.#afterOthers(user, signal), endRest);
    } catch (error) {
      endRest();
      throw error;
    }
  }
}

async function endShort(release: Release): Promise<void> {
  const tookMs = await untilStepIsOver();
  if (tookMs > REST_AFTER_MS.short) await sleep(tookMs);
  release();
}

async function endLong(release: Release, endRest: Release): Promise<void> {
  const tookMs = await untilStepIsOver();
  release();
  if (tookMs > REST_AFTER_MS.long) await untilIdleFor(tookMs);
  endRest();
}

/** Resolves with the duration of a step, in ms. The step runs as soon as this function waits for the first time. */
async function untilStepIsOver(): Promise<number> {
  const startedAt = performance.now();
  await turnOfLoop();
  return performance.now() - startedAt;
}

/** Resolves once the event loop has waited for events for so many ms, or if it is too busy, after some times as many. */
async function untilIdleFor(ms: number): Promise<void> {
  const endsAt = performance.now() + MAX_REST * ms;
  const idleUntil = idleMs() + ms;
  do await sleep(ms);
  while (idleMs() < idleUntil && performance.now() < endsAt);
}

/** Time that the event loop has waited for events so far, in ms. */
function idleMs(): number {
  return performance.nodeTiming.idleTime;
}
