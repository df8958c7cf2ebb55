import type { MarkFeed, ReadMark } from "@parley/bus";
import { ChatError } from "@parley/models";
import type { Observe } from "../events.ts";

export interface MarkGathererDeps {
  readonly feed: Pick<MarkFeed, "raise">;
  readonly observe: Observe;
  /** The interval at which marks of private conversations are raised, in ms (P70). */
  readonly privateMs: number;
  /** The interval at which marks of the public room are raised, in ms. */
  readonly publicMs: number;
  /** The maximum number of marks that may wait here (G5). */
  readonly maxMarks: number;
  /** The maximum number of marks of one user that may wait here. */
  readonly maxMarksPerUser: number;
}

/** The marks that wait for their interval, by user and then by the other user. */
type Waiting = Map<string, Map<string, ReadMark>>;

/**
 * Gathers read marks, so that a mark for each message costs the log little (P70). Of several marks of a user in one
 * conversation the newest one counts. If the log is unavailable, the marks stay until a later round.
 */
export class MarkGatherer {
  readonly #deps: MarkGathererDeps;
  readonly #waiting: Waiting = new Map();
  #count = 0;
  #raising: Promise<void> = Promise.resolve();
  readonly #timers: { private: NodeJS.Timeout | undefined; public: NodeJS.Timeout | undefined } = {
    private: undefined,
    public: undefined,
  };

  constructor(deps: MarkGathererDeps) {
    this.#deps = deps;
  }

  /** Adds a mark. Throws `backlog_full` if too many wait. */
  add(mark: ReadMark): void {
    const ofUser = this.#waiting.get(mark.user);
    const held = ofUser?.get(mark.with);
    if (held && held.id >= mark.id) return;
    if (!held && (this.#count >= this.#deps.maxMarks || (ofUser?.size ?? 0) >= this.#deps.maxMarksPerUser))
      throw new ChatError("backlog_full", {
        message: "Too many read marks wait. Send this one again later.",
        retryAfterMs: this.#deps.privateMs,
      });
    this.#keep(mark);
  }

  /** Raises all marks that wait. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#timers.private);
    clearTimeout(this.#timers.public);
    await this.#raising;
    await this.#raise(() => true);
    clearTimeout(this.#timers.private);
    clearTimeout(this.#timers.public);
  }

  #keep(mark: ReadMark): void {
    const ofUser = this.#waiting.get(mark.user) ?? new Map<string, ReadMark>();
    if (!ofUser.has(mark.with)) this.#count += 1;
    ofUser.set(mark.with, mark);
    this.#waiting.set(mark.user, ofUser);
    this.#schedule(mark.with === "" ? "public" : "private");
  }

  #schedule(kind: "private" | "public"): void {
    const { privateMs, publicMs } = this.#deps;
    this.#timers[kind] ??= setTimeout(
      () => {
        this.#timers[kind] = undefined;
        const isDue = (mark: ReadMark) => (mark.with === "") === (kind === "public");
        this.#raising = this.#raising.then(() => this.#raise(isDue));
      },
      kind === "public" ? publicMs : privateMs,
    );
  }

  async #raise(isDue: (mark: ReadMark) => boolean): Promise<void> {
    const marks = this.#take(isDue);
    if (marks.length === 0) return;
    const { feed, observe } = this.#deps;
    try {
      await feed.raise(marks);
      observe({ type: "marks", raised: marks.length, failed: 0, waiting: this.#count });
    } catch {
      // The log reports why it is unavailable. A mark that came meanwhile is newer.
      for (const mark of marks)
        if ((this.#waiting.get(mark.user)?.get(mark.with)?.id ?? "") < mark.id) this.#keep(mark);
      observe({ type: "marks", raised: 0, failed: marks.length, waiting: this.#count });
    }
  }

  #take(isDue: (mark: ReadMark) => boolean): ReadMark[] {
    const taken: ReadMark[] = [];
    for (const [user, ofUser] of this.#waiting) {
      for (const mark of ofUser.values()) {
        if (!isDue(mark)) continue;
        ofUser.delete(mark.with);
        taken.push(mark);
      }
      if (ofUser.size === 0) this.#waiting.delete(user);
    }
    this.#count -= taken.length;
    return taken;
  }
}
