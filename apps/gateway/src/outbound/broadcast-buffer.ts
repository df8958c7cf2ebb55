/**
 * Public frames that some subscriber still has to get, in log order. Frames are numbered from 1 and the numbers only
 * rise. A subscriber remembers the number of its last frame and gets the frames after it. Subscribers with the same
 * number get the same joined buffer.
 */
export class BroadcastBuffer {
  readonly #ids: string[] = [];
  readonly #frames: Buffer[] = [];
  /** Number of the last frame that was dropped. */
  #dropped = 0;
  #bytes = 0;
  /** For each number, all frames after it, joined into one buffer. Filled on demand, cleared when frames change. */
  readonly #joined = new Map<number, Buffer>();

  /** Number of the last frame, 0 before the first. */
  get last(): number {
    return this.#dropped + this.#frames.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the frame with this number, or undefined if the frame was dropped. */
  idOf(number: number): string | undefined {
    return this.#ids[number - this.#dropped - 1];
  }

  /** Adds a frame. Must be called in the order of the ids. */
  add(id: string, frame: Buffer): void {
    this.#ids.push(id);
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#joined.clear();
  }

  /**
   * Skips the frames after `after` whose ids are at or below `cursor` (L17). Returns the number of the last frame
   * skipped, or `after` if there is none.
   */
  skipTo(cursor: string, after: number): number {
    let at = after;
    while (at < this.last && (this.#ids[at - this.#dropped] ?? "") <= cursor) at += 1;
    return at;
  }

  /** Returns all frames after a number as one buffer. There must be at least one. */
  joinedAfter(after: number): Buffer {
    const known = this.#joined.get(after);
    if (known) return known;
    const joined = join(this.between(after, this.last));
    this.#joined.set(after, joined);
    return joined;
  }

  /** Returns the frames after `after`, up to and including `upTo`. */
  between(after: number, upTo: number): Buffer[] {
    return this.#frames.slice(after - this.#dropped, upTo - this.#dropped);
  }

  /** Drops the frames up to and including `upTo`, which every subscriber has received. */
  drop(upTo: number): void {
    const count = upTo - this.#dropped;
    this.#ids.splice(0, count);
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.length;
    this.#dropped = upTo;
    this.#joined.clear();
  }
}

function join(frames: readonly Buffer[]): Buffer {
  const [only] = frames;
  return frames.length === 1 && only ? only : Buffer.concat(frames);
}
