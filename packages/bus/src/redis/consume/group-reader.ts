import { raceAbort } from "@parley/async";
import type { Link } from "../connection/link.ts";
import { GROUP } from "../format/keys.ts";
import { claimedOf, pendingOf, type RawEntry, readOf } from "../format/replies.ts";
import { CLAIM_IDLE, KEEP_CLAIMS, REDELIVER, REMOVE_CONSUMERS } from "../script/scripts.ts";

/** Entries that the group has given to this consumer, in log order. */
export interface GroupBatch {
  readonly entries: readonly RawEntry[];
  /** For each entry, in the same order: how often it was delivered, this delivery included. */
  readonly deliveries: readonly number[];
  /** Pending ids whose entries are no longer in the log. */
  readonly gone: readonly string[];
}

/** The most entries in one batch. */
export const BATCH = 500;
/** More entries than all consumers have at the same time: each has two batches, and those that failed. */
const MAX_PENDING = 100_000;
/** One read waits at most this long for a new entry, in ms. */
export const BLOCK_MS = 1_000;
/** Consumers without pending entries are removed from the group after being silent for this long, in ms (L11). */
const DEAD_AFTER_MS = 600_000;

export interface GroupReaderDeps {
  /** The key of the log. */
  readonly log: string;
  readonly link: Link;
  /** A separate connection for reads that wait, because such a read delays every later command on its connection. */
  readonly readLink: Link;
  /** This consumer's name in the group. */
  readonly consumer: string;
  /** After an entry was idle for this long, in ms, another consumer may take the entry over. */
  readonly claimIdleMs: number;
}

/** Reads from the consumer group as one of its consumers. */
export class GroupReader {
  readonly #log: string;
  readonly #link: Link;
  readonly #readLink: Link;
  readonly #consumer: string;
  readonly #claimIdleMs: number;
  #reading: Promise<RawEntry[]> | undefined;
  #claimCursor = "0-0";
  #nextClaim = 0;

  constructor({ log, link, readLink, consumer, claimIdleMs }: GroupReaderDeps) {
    this.#log = log;
    this.#link = link;
    this.#readLink = readLink;
    this.#consumer = consumer;
    this.#claimIdleMs = claimIdleMs;
  }

  /** Reads entries again. Leaves out entries that are no longer pending for this consumer. */
  async readAgain(streamIds: readonly string[]): Promise<GroupBatch> {
    const args = [GROUP, this.#consumer, ...streamIds];
    return claimedOf(await this.#link.run((client) => REDELIVER.run(client, [this.#log], args)));
  }

  /** The time when `claim` is due again, in ms by `performance.now()`. */
  get nextClaim(): number {
    return this.#nextClaim;
  }

  /**
   * Takes over entries that any consumer, this one included, has left idle for too long (L10). The next claim is due
   * after a random wait, so that several consumers don't claim at the same time.
   */
  async claim(limit: number): Promise<GroupBatch> {
    const args = [GROUP, this.#consumer, this.#claimIdleMs, this.#claimCursor, limit];
    const claimed = claimedOf(await this.#link.run((client) => CLAIM_IDLE.run(client, [this.#log], args)));
    this.#claimCursor = claimed.cursor;
    const wait = this.#claimIdleMs * (0.25 + Math.random() / 4);
    this.#nextClaim = performance.now() + (claimed.cursor === "0-0" ? wait : 0);
    if (claimed.cursor === "0-0") await this.#removeConsumers("");
    return claimed;
  }

  /**
   * Reads at most `limit` new entries. Returns none if nothing was added for BLOCK_MS. If `signal` is aborted first, this
   * call rejects, but the read in Redis continues. The next call returns its entries, whatever its own limit.
   */
  async readNew(signal: AbortSignal, limit: number): Promise<GroupBatch> {
    this.#reading ??= this.#readLink.run(async (client) =>
      readOf(
        await client.xreadgroup(
          ...(["GROUP", GROUP, this.#consumer] as const),
          ...(["COUNT", limit, "BLOCK", BLOCK_MS] as const),
          ...(["STREAMS", this.#log, ">"] as const),
        ),
      ),
    );
    const reading = this.#reading;
    try {
      const entries = await raceAbort(reading, signal);
      this.#reading = undefined;
      return { entries, deliveries: entries.map(() => 1), gone: [] };
    } catch (error) {
      if (!signal.aborted) this.#reading = undefined;
      throw error;
    }
  }

  /** Resets the idle time of entries that are still being stored, so that no other consumer takes them over. */
  async renew(streamIds: readonly string[]): Promise<void> {
    const args = [GROUP, this.#consumer, ...streamIds];
    await this.#link.run((client) => KEEP_CLAIMS.run(client, [this.#log], args));
  }

  /** Returns the entries from `first` to `last` that are pending with other consumers. */
  async pendingWithOthers(first: string, last: string): Promise<Set<string>> {
    const reply = await this.#link.run((client) =>
      client.xpending(this.#log, GROUP, first, last, MAX_PENDING),
    );
    const others = pendingOf(reply).filter(({ consumer }) => consumer !== this.#consumer);
    return new Set(others.map(({ id }) => id));
  }

  /** Leaves the group if this consumer has no pending entries (L11). First waits for a read in flight. */
  async leave(): Promise<void> {
    await this.#reading?.catch(() => undefined);
    await this.#removeConsumers(this.#consumer);
  }

  /** Removes the consumer named `own` and dead consumers. A consumer with pending entries stays. */
  async #removeConsumers(own: string): Promise<void> {
    await this.#link.run((client) => REMOVE_CONSUMERS.run(client, [this.#log], [GROUP, own, DEAD_AFTER_MS]));
  }
}
