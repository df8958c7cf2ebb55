import { ORIGIN } from "@parley/models";

/** The watermark at the time `at`. */
interface Mark {
  readonly at: number;
  readonly watermark: string;
  readonly storedBytes: number;
}

/** The number of times that the watermark is recorded within the minimum age: once a second with the default. */
const MARKS = 60;

/**
 * Decides up to which id stored entries may be trimmed (L12). Entries may be trimmed if, by this process's own monotonic
 * clock, they were stored at least the minimum age ago. The oldest may also be trimmed if more than a maximum number of
 * stored bytes would stay.
 *
 * Redis' clock and the time in ids say nothing about the age. If the clock leaps ahead, all entries look old. Afterwards
 * ids stay ahead of the clock, because they never go back (L1), and no entry looks old. Therefore this class records the
 * watermark again and again.
 */
export class Retention {
  readonly #minAgeMs: number;
  readonly #maxBytes: number;
  #marks: Mark[] = [];

  constructor({ minAgeMs, maxBytes }: { readonly minAgeMs: number; readonly maxBytes: number }) {
    this.#minAgeMs = minAgeMs;
    this.#maxBytes = maxBytes;
  }

  /**
   * Remembers the watermark, unless it was remembered just before. `storedBytes` is the total of all bytes ever stored.
   * `now` is in ms on a monotonic clock. Forgets everything if the log was replaced (L3).
   */
  note(watermark: string, storedBytes: number, now: number): void {
    const last = this.#marks.at(-1);
    if (last && (watermark < last.watermark || storedBytes < last.storedBytes)) this.#marks = [];
    if (last && now - last.at < this.#minAgeMs / MARKS) return;
    this.#marks.push({ at: now, watermark, storedBytes });
  }

  /** Returns the id up to which entries may be trimmed, or ORIGIN if none may. Forgets the marks before that id. */
  upTo(now: number): string {
    const newest = this.#marks.at(-1);
    if (!newest) return ORIGIN;
    const aged = this.#marks.findLastIndex(({ at }) => now - at >= this.#minAgeMs);
    const fitting = this.#marks.findIndex((mark) => newest.storedBytes - mark.storedBytes <= this.#maxBytes);
    const bound = fitting > 0 ? Math.max(aged, fitting) : aged;
    if (bound > 0) this.#marks.splice(0, bound);
    return bound < 0 ? ORIGIN : (this.#marks[0]?.watermark ?? ORIGIN);
  }
}
