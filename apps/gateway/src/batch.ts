/** What is a connection's own in a batch, with its place among the public frames. */
interface Own {
  /** The first public frame that is for it. */
  readonly from: number;
  readonly items: { readonly before: number; readonly frame: Buffer }[];
}

/**
 * What one flush writes: public frames in log order, for everybody, and what is for one connection alone. Public
 * frames are joined once, and every connection gets the same memory, or slices of it around its own frames.
 */
export class Batch<Member extends object> {
  readonly number: number;
  readonly #ids: string[] = [];
  readonly #frames: Buffer[] = [];
  /** Where each public frame ends in `#joined`. */
  readonly #ends: number[] = [];
  readonly #own = new Map<Member, Own>();
  #joined: Buffer | undefined;
  #publicBytes = 0;
  #bytes = 0;

  constructor(number: number) {
    this.number = number;
  }

  /** Calls come in the order of the ids. */
  addPublic(id: string, frame: Buffer): void {
    this.#ids.push(id);
    this.#frames.push(frame);
    this.#publicBytes += frame.length;
    this.#bytes += frame.length;
    this.#ends.push(this.#publicBytes);
    this.#joined = undefined;
  }

  addOwn(member: Member, frame: Buffer): void {
    const item = { before: this.#frames.length, frame };
    const own = this.#own.get(member);
    if (own) own.items.push(item);
    else this.#own.set(member, { from: 0, items: [item] });
    this.#bytes += frame.length;
  }

  /** The public frames so far are not for this member: it came just now. */
  startHere(member: Member): void {
    this.#own.set(member, { from: this.#frames.length, items: [] });
  }

  forget(member: Member): void {
    this.#own.delete(member);
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#own.size === 0;
  }

  get publicFrames(): number {
    return this.#frames.length;
  }

  /** Of all frames, each counted once however many get it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those who have something of their own here. */
  owners(): MapIterator<Member> {
    return this.#own.keys();
  }

  /** What `member` gets, in order: nothing public with an id at or below its cursor (L17). */
  piecesFor(member: Member, cursor: string): Buffer[] {
    const own = this.#own.get(member);
    let next = Math.max(own?.from ?? 0, this.#firstAfter(cursor));
    const pieces: Buffer[] = [];
    for (const { before, frame } of own?.items ?? []) {
      if (before > next) {
        pieces.push(this.#slice(next, before));
        next = before;
      }
      pieces.push(frame);
    }
    if (next < this.#frames.length) pieces.push(this.#slice(next, this.#frames.length));
    return pieces;
  }

  #firstAfter(cursor: string): number {
    let index = 0;
    for (; index < this.#ids.length; index++) if ((this.#ids[index] ?? "") > cursor) break;
    return index;
  }

  #slice(from: number, to: number): Buffer {
    const [only] = this.#frames;
    if (this.#frames.length === 1 && only) return only;
    this.#joined ??= Buffer.concat(this.#frames, this.#publicBytes);
    if (from === 0 && to === this.#frames.length) return this.#joined;
    return this.#joined.subarray(from === 0 ? 0 : this.#ends[from - 1], this.#ends[to - 1]);
  }
}
