import { sleep } from "@parley/async";
import { formatId } from "@parley/models";
import {
  backlogEntries,
  deleteStored,
  isStoredUpTo,
  storedBetween,
  storedDocuments,
} from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { describeProgress } from "../report/progress.ts";
import { MINUTE_MS, type Running, type SoakOptions } from "../running.ts";

const CHECK_EVERY_MS = 20_000;
const MIN_PROGRESS_MS = 10_000;
const MAX_PROGRESS_MS = 30_000;
const TICK_MS = 1_000;
/** A message that is older than this has been acknowledged, seen and stored, or has failed. */
const CHECKED_AGE_MS = 10_000;
/**
 * Messages are removed from the store at this age. SecantusDB reads the whole collection to find a ref: with more
 * messages, reads of history would slow down the inserts, and more refs would have to be found.
 */
const REMOVED_AGE_MS = 60_000;
/** An id after all others. */
const LAST_ID = "~";
const LAST_ACK_MS = 6_000;
/** A small MongoDB on a busy machine may need minutes for its backlog. */
const STORED_MS = 300_000;

/**
 * Until the time is over or a process has ended: checks the messages that are old enough, and prints the progress.
 * Then stops the load, and checks the rest once everything is acknowledged, stored and seen.
 */
export class Checking {
  readonly #running: Running;
  readonly #options: SoakOptions;
  /** Everything in the store up to this id was compared. */
  #storedUpTo = "";

  constructor(running: Running, options: SoakOptions) {
    this.#running = running;
    this.#options = options;
  }

  async untilOver(): Promise<void> {
    const { minutes, log } = this.#options;
    const lengthMs = minutes * MINUTE_MS;
    const progressMs = Math.min(MAX_PROGRESS_MS, Math.max(MIN_PROGRESS_MS, lengthMs / 20));
    const startedMs = performance.now();
    const elapsedMs = () => performance.now() - startedMs;
    let checkAtMs = CHECK_EVERY_MS;
    let progressAtMs = progressMs;
    while (elapsedMs() < lengthMs && this.#running.sampler.ended.length === 0) {
      await sleep(Math.min(TICK_MS, lengthMs - elapsedMs()));
      if (elapsedMs() >= checkAtMs) {
        checkAtMs += CHECK_EVERY_MS;
        await this.#check();
      }
      if (elapsedMs() >= progressAtMs) {
        progressAtMs += progressMs;
        log(describeProgress(this.#running, elapsedMs() / MINUTE_MS, minutes));
      }
    }
  }

  /** Rejects if the backlog isn't stored in time. */
  async finish(): Promise<void> {
    const { cluster, users, sends, deliveries, storage } = this.#running;
    this.#options.log("the load ends; waits until everything is stored and seen");
    await users.stop();
    await eventually(() => sends.unanswered === 0, "every ack", LAST_ACK_MS).catch(() => sends.expire());
    const isStored = async () => (await backlogEntries(cluster)) === 0;
    await eventually(isStored, "the backlog to be stored", STORED_MS);
    storage.found(await storedBetween(cluster, this.#storedUpTo, LAST_ID));
    storage.found(await storedDocuments(cluster, storage.unstoredIds));
    storage.finish();
    const isAllSeen = () => deliveries.countMissing(LAST_ID) === 0;
    await eventually(isAllSeen, "every message to be seen", CHECKED_AGE_MS).catch(() => undefined);
    deliveries.checkUpTo(LAST_ID);
  }

  async #check(): Promise<void> {
    const { cluster, deliveries, storage, onFailed } = this.#running;
    const horizon = idOfAge(CHECKED_AGE_MS);
    deliveries.checkUpTo(horizon);
    try {
      // While the store lags, what it stores later must be found by a later check, and must not be removed before.
      if (!(await isStoredUpTo(cluster, horizon))) return;
      storage.found(await storedBetween(cluster, this.#storedUpTo, horizon));
      this.#storedUpTo = horizon;
      await deleteStored(cluster, idOfAge(REMOVED_AGE_MS));
    } catch (error) {
      // The next check reads the same messages.
      onFailed(`check: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** Returns an id that is smaller than the ids of all messages that are younger than `ageMs`. */
function idOfAge(ageMs: number): string {
  return formatId({ ms: Date.now() - ageMs, seq: 0 });
}
