import { raceAbort } from "@parley/async";
import type { Link } from "../connection/link.ts";
import { GROUP, LOG } from "../format/keys.ts";
import { claimedOf, type RawEntry, readOf } from "../format/replies.ts";
import { CLAIM_IDLE, KEEP_CLAIMS, REDELIVER, REMOVE_CONSUMERS } from "../script/scripts.ts";

/** Entries that are now this consumer's, in log order. */
export interface Taken {
  readonly entries: readonly RawEntry[];
  /** One for each entry: how often it has been given out, this time included. */
  readonly deliveries: readonly number[];
  /** Ids that were pending and whose entries are in the log no more. */
  readonly gone: readonly string[];
}

/** A consumer takes at most so many at a time. */
export const BATCH = 500;
/** One read waits so long for something to come. */
export const BLOCK_MS = 1_000;
/** Consumers that have been silent for so long and hold nothing are dead. */
const REAP_MS = 600_000;

/** One consumer's dealings with the group. */
export class Intake {
  readonly #link: Link;
  readonly #reader: Link;
  readonly #consumer: string;
  readonly #claimIdleMs: number;
  #reading: Promise<RawEntry[]> | undefined;
  #cursor = "0-0";
  #nextClaim = 0;

  /** `reader` is a connection of its own: a read that waits holds up whatever comes after it. */
  constructor(link: Link, reader: Link, consumer: string, claimIdleMs: number) {
    this.#link = link;
    this.#reader = reader;
    this.#consumer = consumer;
    this.#claimIdleMs = claimIdleMs;
  }

  /** What this consumer still holds of these. */
  async retake(streamIds: readonly string[]): Promise<Taken> {
    const args = [GROUP, this.#consumer, ...streamIds];
    return claimedOf(await this.#link.run((client) => REDELIVER.run(client, [LOG], args)));
  }

  /** When to look again for what others have let lie, in ms by `performance.now()`. */
  get nextClaim(): number {
    return this.#nextClaim;
  }

  /** What others, or this consumer itself, have let lie for too long. Spread over time, so that several take turns. */
  async claim(): Promise<Taken> {
    const args = [GROUP, this.#consumer, this.#claimIdleMs, this.#cursor, BATCH];
    const claimed = claimedOf(await this.#link.run((client) => CLAIM_IDLE.run(client, [LOG], args)));
    this.#cursor = claimed.cursor;
    const wait = this.#claimIdleMs * (0.25 + Math.random() / 4);
    this.#nextClaim = performance.now() + (claimed.cursor === "0-0" ? wait : 0);
    if (claimed.cursor === "0-0") await this.#remove("");
    return claimed;
  }

  /** New entries; none when nothing came for a while. Ended by `signal`, what comes is kept for the next read. */
  async read(signal: AbortSignal): Promise<Taken> {
    this.#reading ??= this.#reader.run(async (client) =>
      readOf(
        await client.xreadgroup(
          ...(["GROUP", GROUP, this.#consumer] as const),
          ...(["COUNT", BATCH, "BLOCK", BLOCK_MS] as const),
          ...(["STREAMS", LOG, ">"] as const),
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

  /** Holds on to what is being worked on. */
  async keep(streamIds: readonly string[]): Promise<void> {
    const args = [GROUP, this.#consumer, ...streamIds];
    await this.#link.run((client) => KEEP_CLAIMS.run(client, [LOG], args));
  }

  /** Leaves the group, if it holds nothing (L11). Waits for the end of a read, which could still bring something. */
  async leave(): Promise<void> {
    await this.#reading?.catch(() => undefined);
    await this.#remove(this.#consumer);
  }

  async #remove(consumer: string): Promise<void> {
    await this.#link.run((client) => REMOVE_CONSUMERS.run(client, [LOG], [GROUP, consumer, REAP_MS]));
  }
}
