/**
 * The public frames that somebody still has to get, in log order, each with a number that counts on from 1. Who stands at
 * a number gets what comes after it: the same memory for all who stand at the same one.
 */
export class PublicFrames {
  readonly #ids: string[] = [];
  readonly #frames: Buffer[] = [];
  /** The number of the last that was let go. */
  #dropped = 0;
  #bytes = 0;
  /** What comes after a number, up to the last, once somebody has asked for it. */
  readonly #joined = new Map<number, Buffer>();

  /** The number of the last one; 0 before the first. */
  get last(): number {
    return this.#dropped + this.#frames.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Calls come in the order of the ids. */
  add(id: string, frame: Buffer): void {
    this.#ids.push(id);
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#joined.clear();
  }

  /** How far who stands at `after` need not be told of what has an id at or below `cursor` (L17). */
  past(cursor: string, after: number): number {
    let at = after;
    while (at < this.last && (this.#ids[at - this.#dropped] ?? "") <= cursor) at += 1;
    return at;
  }

  /** All that come after a number, in one piece. There is at least one. */
  since(after: number): Buffer {
    const known = this.#joined.get(after);
    if (known) return known;
    const joined = joinedOf(this.between(after, this.last));
    this.#joined.set(after, joined);
    return joined;
  }

  /** Those after `after`, up to and with `upTo`. */
  between(after: number, upTo: number): Buffer[] {
    return this.#frames.slice(after - this.#dropped, upTo - this.#dropped);
  }

  /** Everybody has got those up to and with `upTo`. */
  drop(upTo: number): void {
    const count = upTo - this.#dropped;
    this.#ids.splice(0, count);
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.length;
    this.#dropped = upTo;
    this.#joined.clear();
  }
}

function joinedOf(frames: readonly Buffer[]): Buffer {
  const [only] = frames;
  return frames.length === 1 && only ? only : Buffer.concat(frames);
}
