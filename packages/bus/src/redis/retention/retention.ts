import { ORIGIN } from "@parley/models";

/**
 * How long what is stored stays in the log (L12): as long as the least age says, by this process's own clock too, and
 * no more than a number of bytes.
 *
 * The ids' own time is not enough. Ids never go back (L1), so after a clock was an hour ahead they stand still in that
 * hour, and nothing would look old for as long. So it is remembered where the watermark stood when.
 */
interface Mark {
  readonly at: number;
  readonly watermark: string;
  readonly storedBytes: number;
}

const MARK_EVERY_MS = 1_000;

export class Retention {
  readonly #minAgeMs: number;
  readonly #maxBytes: number;
  #marks: Mark[] = [];

  constructor({ minAgeMs, maxBytes }: { readonly minAgeMs: number; readonly maxBytes: number }) {
    this.#minAgeMs = minAgeMs;
    this.#maxBytes = maxBytes;
  }

  /** What stood there: `storedBytes` is everything ever stored; `now` in ms on a clock that does not go back. */
  note(watermark: string, storedBytes: number, now: number): void {
    const last = this.#marks.at(-1);
    if (last && (watermark < last.watermark || storedBytes < last.storedBytes)) this.#marks = [];
    if (last && now - last.at < MARK_EVERY_MS) return;
    this.#marks.push({ at: now, watermark, storedBytes });
  }

  /** Everything up to here may go, whatever its ids say. Forgets the marks before. */
  upTo(now: number): string {
    const newest = this.#marks.at(-1);
    if (!newest) return ORIGIN;
    const aged = this.#marks.findLastIndex(({ at }) => now - at >= this.#minAgeMs);
    const fitting = this.#marks.findIndex((mark) => newest.storedBytes - mark.storedBytes <= this.#maxBytes);
    const old = fitting > 0 ? Math.max(aged, fitting) : aged;
    if (old > 0) this.#marks.splice(0, old);
    return old < 0 ? ORIGIN : (this.#marks[0]?.watermark ?? ORIGIN);
  }
}
