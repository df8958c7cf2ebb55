import { randomUUID } from "node:crypto";
import { Backoff, sleep } from "@parley/async";
import { ChatError, type LogEntry, positionOf } from "@parley/models";
import type { Consumed, ConsumeOptions, Consumer, Outcome, Settled } from "../../consumer.ts";
import type { LogState } from "../../log-state.ts";
import { reappend } from "../append/reappend.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { RefusedError, reasonOf, unavailable } from "../errors.ts";
import { GROUP } from "../format/keys.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { ensureLog } from "../log/ensure-log.ts";
import { readWatermark } from "../log/log-reader.ts";
import { readLogState } from "../log/log-state.ts";
import { Trimmer } from "../retention/trimmer.ts";
import { RedisDeadLetters } from "./dead-letters.ts";
import { EntrySorter } from "./entry-sorter.ts";
import { BATCH, BLOCK_MS, type GroupBatch, GroupReader } from "./group-reader.ts";
import { InFlight, MAX_HOLD_MS } from "./in-flight.ts";

const COMMAND_TIMEOUT_MS = 5_000;
/** Longer than for other connections, because `prepare` also reads the last id from the store. */
const SETUP_TIMEOUT_MS = 20_000;
/** The outcomes after which an entry is acknowledged. A change without a message changes nothing for ever (L28). */
const DONE: ReadonlySet<Outcome["kind"]> = new Set(["stored", "duplicateOf", "orphan"]);
const EMPTY: GroupBatch = { entries: [], deliveries: [], gone: [] };

/**
 * One consumer of the group (L10 to L13).
 *
 * Redis records for each pending entry which consumer got it. When an entry was idle for `claimIdleMs`, another
 * consumer may take it over. A slow store must not look like a dead consumer, so this class resets the idle time of
 * entries in flight, for up to MAX_HOLD_MS without progress. After that they may be taken over and delivered again. The
 * first consumer then learns this from `held` and drops them. If two consumers store the same entry nevertheless, this
 * does no harm: the second one finds the entry in the store.
 */
export class RedisConsumer implements Consumer {
  readonly acknowledged = true;
  readonly deadLetters: RedisDeadLetters;
  readonly #context: Context;
  readonly #link: Link;
  readonly #readLink: Link;
  readonly #groupReader: GroupReader;
  readonly #inFlight: InFlight;
  readonly #sorter: EntrySorter;
  readonly #trimmer: Trimmer;
  readonly #closing = new AbortController();
  readonly #renewing: Promise<void>;
  /** True if the next batch must be of new entries. */
  #isNewNext = false;
  /** The last error that Redis answered to a read, until a read succeeds. */
  #readProblem: string | undefined;

  constructor(context: Context, store: ConsumeOptions) {
    const { config, names } = context;
    this.#context = context;
    this.#link = context.connect({
      role: "consume",
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      setupTimeoutMs: SETUP_TIMEOUT_MS,
      prepare: (client) => ensureLog(client, store, context),
    });
    this.#readLink = context.connect({ role: "read", commandTimeoutMs: BLOCK_MS + COMMAND_TIMEOUT_MS });
    this.#groupReader = new GroupReader({
      log: names.log,
      link: this.#link,
      readLink: this.#readLink,
      consumer: randomUUID(),
      claimIdleMs: config.claimIdleMs,
    });
    this.#inFlight = new InFlight({ first: 250, cap: config.claimIdleMs / 2 });
    this.deadLetters = new RedisDeadLetters(this.#link, context);
    this.#sorter = new EntrySorter(this.#inFlight, this.deadLetters, context.observe);
    this.#trimmer = new Trimmer(this.#link, context);
    this.#renewing = this.#renewInFlight(this.#closing.signal);
  }

  async next(signal: AbortSignal, limit = BATCH): Promise<readonly Consumed[]> {
    const backoff = new Backoff({ minMs: 50, maxMs: 2_000 });
    while (!signal.aborted) {
      try {
        const consumed = await this.#nextBatch(signal, Math.min(limit, BATCH));
        this.#readProblem = undefined;
        if (consumed.length > 0) return consumed;
        backoff.reset();
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof RefusedError)
          this.#readProblem = `Redis refuses to read the log: ${error.message}`;
        // The group is missing after a FLUSHALL. No other error means that the log is gone.
        if (error instanceof RefusedError && error.message.includes("NOGROUP")) this.#recreateLog();
        await backoff.wait(signal);
      }
    }
    return [];
  }

  async held(consumed: readonly Consumed[]): Promise<readonly Consumed[]> {
    const ids = consumed.map(({ entry }) => positionOf(entry)).sort();
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined || last === undefined) return consumed;
    try {
      // An entry that is pending with nobody is kept: it was stored, or the log was lost and only this copy is left.
      const taken = await this.#groupReader.pendingWithOthers(streamIdOf(first), streamIdOf(last));
      const isTaken = ({ entry }: Consumed) => taken.has(streamIdOf(positionOf(entry)));
      for (const { entry } of consumed.filter(isTaken)) this.#inFlight.remove(positionOf(entry));
      return consumed.filter((one) => !isTaken(one));
    } catch {
      // The link's events report the failure.
      return consumed;
    }
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    const unsettled = new Set(settled.map(({ entry }) => positionOf(entry)));
    const done: string[] = [];
    const conflicts: LogEntry[] = [];
    for (const { entry, outcome } of settled) {
      if (DONE.has(outcome.kind)) done.push(positionOf(entry));
      else if (outcome.kind === "idConflict") conflicts.push(entry);
    }
    const remove = (id: string) => {
      unsettled.delete(id);
      this.#inFlight.remove(id);
    };
    try {
      await this.#acknowledge(done);
      done.forEach(remove);
      if (done.length > 0) this.#inFlight.progress(performance.now());
      for (const entry of conflicts) {
        await reappend(this.#link, entry, this.#context);
        remove(positionOf(entry));
      }
    } catch (error) {
      throw asUnavailable(error);
    } finally {
      // These entries failed, or the log didn't record their outcome.
      for (const id of unsettled) this.#inFlight.retryLater(id, performance.now());
    }
  }

  watermark(): Promise<string> {
    return runOrUnavailable(this.#link, (client) => readWatermark(client, this.#context.names));
  }

  async trim(): Promise<LogState> {
    const state = await this.#trimOrMeasure().catch((error: unknown) => Promise.reject(asUnavailable(error)));
    if (state) return state;
    this.#recreateLog();
    throw unavailable("there is no log in Redis");
  }

  problem(): string | undefined {
    return this.#link.problem() ?? this.#readLink.problem() ?? this.#readProblem;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#renewing;
    // If Redis does not answer, other consumers take over the entries and remove this consumer later (L11).
    await this.#groupReader.leave().catch(() => undefined);
    await Promise.all([this.#link.close(), this.#readLink.close()]);
  }

  /**
   * Returns failed entries that are due; if there are none, entries taken over; otherwise new ones. May return none.
   * After a batch of old entries, the next batch is always of new ones. So entries that keep failing, and are due
   * every time, can't delay new ones.
   */
  async #nextBatch(signal: AbortSignal, limit: number): Promise<Consumed[]> {
    await this.#link.ready(signal);
    await this.#readLink.ready(signal);
    const old = this.#isNewNext ? [] : await this.#oldEntries(limit);
    this.#isNewNext = old.length > 0;
    return old.length > 0 ? old : await this.#sorter.sort(await this.#readNew(signal, limit));
  }

  /** Returns failed entries that are due or, if there are none, entries taken over from other consumers. */
  async #oldEntries(limit: number): Promise<Consumed[]> {
    const now = performance.now();
    const due = this.#inFlight.due(now, limit);
    if (due.length > 0) return await this.#redeliver(due);
    if (now < this.#groupReader.nextClaim) return [];
    const claimed = await this.#sorter.sort(await this.#groupReader.claim(limit));
    if (claimed.length > 0) this.#context.observe({ type: "claim", entries: claimed.length });
    return claimed;
  }

  async #redeliver(due: readonly string[]): Promise<Consumed[]> {
    const again = await this.#sorter.sort(await this.#groupReader.readAgain(due.map(streamIdOf)));
    const delivered = new Set(again.map(({ entry }) => positionOf(entry)));
    // Entries that were not delivered again were settled or taken over meanwhile.
    for (const id of due) if (!delivered.has(id)) this.#inFlight.remove(id);
    return again;
  }

  /** Reads new entries. Stops waiting, and returns none, as soon as a retry or a claim is due. */
  async #readNew(signal: AbortSignal, limit: number): Promise<GroupBatch> {
    const next = Math.min(this.#groupReader.nextClaim, this.#inFlight.nextDue() ?? Number.POSITIVE_INFINITY);
    const wait = Math.max(1, Math.ceil(next - performance.now()));
    if (wait >= BLOCK_MS) return await this.#groupReader.readNew(signal, limit);
    const due = AbortSignal.timeout(wait);
    return await this.#groupReader.readNew(AbortSignal.any([signal, due]), limit).catch((error: unknown) => {
      if (due.aborted) return EMPTY;
      throw error;
    });
  }

  async #acknowledge(ids: readonly string[]): Promise<void> {
    const { log } = this.#context.names;
    for (let from = 0; from < ids.length; from += BATCH) {
      const streamIds = ids.slice(from, from + BATCH).map(streamIdOf);
      await this.#link.run((client) => client.xack(log, GROUP, ...streamIds));
    }
  }

  /**
   * Trims the log. The connection that trims is prepared with the store's last id, so it isn't up if the store is away.
   * Then only measures the log, over the other connection, which doesn't wait for entries meanwhile.
   */
  #trimOrMeasure(): Promise<LogState | undefined> {
    return this.#link.client
      ? this.#trimmer.trim()
      : this.#readLink.run((client) => readLogState(client, this.#context.names));
  }

  /** Resets the idle time of entries in flight, so that no other consumer takes them over while the store is slow. */
  async #renewInFlight(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#context.config.claimIdleMs / 3, signal);
      const streamIds = this.#inFlight.deliveredSince(performance.now() - MAX_HOLD_MS).map(streamIdOf);
      if (signal.aborted || streamIds.length === 0) continue;
      // Nothing to do on a failure: the link's events report it, and other consumers may take the entries over.
      await this.#groupReader.renew(streamIds).catch(() => undefined);
    }
  }

  /** Replaces the connection: preparing a new one creates the log if it is missing. */
  #recreateLog(): void {
    const { client } = this.#link;
    if (client) this.#link.replace(client, "there is no log in Redis");
  }
}

function asUnavailable(error: unknown): ChatError {
  return error instanceof ChatError ? error : unavailable(reasonOf(error));
}
