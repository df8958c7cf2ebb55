const NEWLINE = 0x0a;

/** Called for each line. The line begins at `start` in `data`, which is valid only during the call. */
type VisitLine = (data: Buffer, start: number, length: number) => void;

/**
 * Splits frames that hold several messages, one a line. It remembers where the next newline is, because a chunk holds
 * many frames without one, and each search would read the chunk to its end.
 */
export class LineSplitter {
  /** Offset of the next newline. It is at or after the place from which it was searched. */
  #newline = -1;

  /** Forgets what is known about the chunk. Called before each new chunk. */
  begin(): void {
    this.#newline = -1;
  }

  /** Visits each line of a frame. Frames of one chunk must come in their order. */
  split(data: Buffer, start: number, length: number, visit: VisitLine): void {
    const end = start + length;
    for (let at = start; at < end; ) {
      if (this.#newline < at) {
        const found = data.indexOf(NEWLINE, at);
        this.#newline = found < 0 ? Number.POSITIVE_INFINITY : found;
      }
      const stop = Math.min(this.#newline, end);
      if (stop > at) visit(data, at, stop - at);
      at = stop + 1;
    }
  }
}
