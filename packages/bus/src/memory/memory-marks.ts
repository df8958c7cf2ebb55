import { ChatError } from "@parley/models";
import type {
  MarkFeed,
  MarkListener,
  MarkName,
  MarkQueue,
  MarkReader,
  Raised,
  ReadMark,
  UnstoredMarks,
} from "../marks.ts";
import { MarkShares } from "./mark-shares.ts";

export interface MemoryMarksDeps {
  /** Returns the log's end, up to which everything is stored. */
  readonly end: () => string;
  /** Called after marks were raised: `full` of them were refused, `overShare` of these for their users' shares. */
  readonly onRaised: (result: { marks: number; full: number; overShare: number; unstored: number }) => void;
  readonly maxUnstored: number;
}

/** The read marks of an in-memory log that aren't stored yet, for all three roles (L27). */
export class MemoryMarks implements MarkFeed, MarkQueue, MarkReader {
  readonly #deps: MemoryMarksDeps;
  readonly #marks = new Map<string, ReadMark>();
  readonly #shares: MarkShares;
  readonly #users = new Set<string>();
  #listener: MarkListener | undefined;
  #closed = false;

  constructor(deps: MemoryMarksDeps) {
    this.#deps = deps;
    this.#shares = new MarkShares(deps.maxUnstored);
  }

  listen(listener: MarkListener): MarkFeed {
    this.#listener = listener;
    return this;
  }

  async raise(marks: readonly ReadMark[]): Promise<readonly Raised[]> {
    this.#assertOpen();
    const results = marks.map((mark) => this.#raise(mark));
    const raised = results.map((result): Raised => (result === "kept" ? "kept" : "full"));
    const full = raised.filter((result) => result === "full").length;
    const overShare = results.filter((result) => result === "over-share").length;
    this.#deps.onRaised({ marks: marks.length, full, overShare, unstored: this.#marks.size });
    return raised;
  }

  async join(user: string): Promise<void> {
    this.#users.add(user);
  }

  leave(user: string): void {
    this.#users.delete(user);
  }

  problem(): string | undefined {
    return this.#closed ? "the log is closed" : undefined;
  }

  async list(): Promise<UnstoredMarks> {
    return { marks: [...this.#marks.values()], watermark: this.#deps.end(), cursor: "" };
  }

  async stored(marks: readonly ReadMark[]): Promise<void> {
    for (const mark of marks) {
      if (mark.with !== "" && mark.with !== mark.user) this.#publish(mark.with, mark);
      this.#remove(mark);
    }
  }

  async drop(marks: readonly ReadMark[]): Promise<void> {
    for (const mark of marks) this.#remove(mark);
  }

  async find(names: readonly MarkName[]): Promise<readonly (string | undefined)[]> {
    this.#assertOpen();
    return names.map((name) => this.#marks.get(keyOf(name))?.id);
  }

  /** Takes no more marks. Those that wait can still be stored. */
  close(): void {
    this.#closed = true;
  }

  #raise({ id, ...name }: ReadMark): Raised | "over-share" {
    const end = this.#deps.end();
    const mark = { ...name, id: id > end ? end : id };
    const held = this.#marks.get(keyOf(mark));
    if (held && held.id >= mark.id) return "kept";
    if (!held && this.#marks.size >= this.#deps.maxUnstored) return "full";
    if (!held && !this.#shares.take(mark.user, this.#marks.size)) return "over-share";
    this.#marks.set(keyOf(mark), mark);
    this.#publish(mark.user, mark);
    return "kept";
  }

  #remove(mark: ReadMark): void {
    const key = keyOf(mark);
    if (this.#marks.get(key)?.id !== mark.id) return;
    this.#marks.delete(key);
    this.#shares.giveBack(mark.user);
  }

  #publish(audience: string, mark: ReadMark): void {
    if (this.#users.has(audience)) this.#listener?.mark(audience, mark);
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChatError("unavailable");
  }
}

function keyOf({ user, with: other }: MarkName): string {
  return `${user}:${other}`;
}
