/**
 * Time that a message stays in the tail after the watermark passed it, in ms. Longer than a MongoDB step-down (L20).
 */
const KEEP_STORED_MS = 30_000;

interface WatermarkRecord {
  readonly watermark: string;
  /** When this watermark was first seen. */
  readonly at: number;
}

/**
 * Remembers when each watermark was first seen. The tail uses the times to drop only messages that were stored at
 * least `KEEP_STORED_MS` ago (L20). All times are in ms of one monotonic clock.
 */
export class WatermarkHistory {
  #records: WatermarkRecord[] = [];

  record(watermark: string, at: number): void {
    if (this.#records.at(-1)?.watermark !== watermark) this.#records.push({ watermark, at });
  }

  /**
   * The latest watermark that was first seen at least `KEEP_STORED_MS` before `now`, or undefined. Messages up to
   * this watermark can be dropped. Forgets this record and all earlier ones.
   */
  takeExpired(now: number): string | undefined {
    const expired = this.#records.filter((record) => now - record.at >= KEEP_STORED_MS).at(-1);
    if (expired) this.#records = this.#records.filter((record) => record.at > expired.at);
    return expired?.watermark;
  }

  /** The latest recorded watermark, or undefined if `takeExpired` has returned it or none was recorded. */
  latest(): string | undefined {
    return this.#records.at(-1)?.watermark;
  }
}
