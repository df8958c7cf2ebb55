/** A public frame. Those of changes are only for subscribers that speak `chat.v1` (P74). */
interface PublicFrame {
  readonly id: string;
  readonly frame: Buffer;
  readonly isChange: boolean;
}

/**
 * Public frames that some subscriber still has to get, in log order. Frames are numbered from 1 and the numbers only
 * rise. A subscriber remembers the number of its last frame and gets the frames after it. Subscribers with the same
 * number get the same joined buffer.
 */
export class BroadcastBuffer {
  readonly #frames: PublicFrame[] = [];
  /** Number of the last frame that was dropped. */
  #dropped = 0;
  #bytes = 0;
  /** The number of frames of changes. */
  #changes = 0;
  /** For each number, all frames after it, joined into one buffer. Filled on demand, cleared when frames change. */
  #joined = new Map<number, Buffer>();
  /** The same without the frames of changes. */
  #joinedMessages = new Map<number, Buffer>();

  /** Number of the last frame, 0 before the first. */
  get last(): number {
    return this.#dropped + this.#frames.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the frame with this number, or undefined if the frame was dropped. */
  idOf(number: number): string | undefined {
    return this.#frames[number - this.#dropped - 1]?.id;
  }

  /** Adds a frame. Must be called in the order of the ids. */
  add(id: string, frame: Buffer, isChange: boolean): void {
    this.#frames.push({ id, frame, isChange });
    this.#bytes += frame.length;
    if (isChange) this.#changes += 1;
    this.#clearJoined();
  }

  /**
   * Skips the frames after `after` whose ids are at or below `cursor` (L17). Returns the number of the last frame
   * skipped, or `after` if there is none.
   */
  skipTo(cursor: string, after: number): number {
    let at = after;
    while (at < this.last && (this.#frames[at - this.#dropped]?.id ?? "") <= cursor) at += 1;
    return at;
  }

  /** Returns all frames after a number as one buffer, which is empty if there is none. */
  joinedAfter(after: number, withChanges: boolean): Buffer {
    const cache = withChanges || this.#changes === 0 ? this.#joined : this.#joinedMessages;
    const known = cache.get(after);
    if (known) return known;
    const joined = join(this.between(after, this.last, withChanges));
    cache.set(after, joined);
    return joined;
  }

  /** Returns the frames after `after`, up to and including `upTo`. */
  between(after: number, upTo: number, withChanges: boolean): Buffer[] {
    const frames = this.#frames.slice(after - this.#dropped, upTo - this.#dropped);
    const wanted = withChanges ? frames : frames.filter(({ isChange }) => !isChange);
    return wanted.map(({ frame }) => frame);
  }

  /** Drops the frames up to and including `upTo`, which every subscriber has received. */
  drop(upTo: number): void {
    for (const { frame, isChange } of this.#frames.splice(0, upTo - this.#dropped)) {
      this.#bytes -= frame.length;
      if (isChange) this.#changes -= 1;
    }
    this.#dropped = upTo;
    this.#clearJoined();
  }

  /** Takes new maps, because a map that is cleared keeps its former tables: see `#writeDirect` of write-scheduler.ts. */
  #clearJoined(): void {
    if (this.#joined.size > 0) this.#joined = new Map();
    if (this.#joinedMessages.size > 0) this.#joinedMessages = new Map();
  }
}

function join(frames: readonly Buffer[]): Buffer {
  const [only] = frames;
  return frames.length === 1 && only ? only : Buffer.concat(frames);
}
