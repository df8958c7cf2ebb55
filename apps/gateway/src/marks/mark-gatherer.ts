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

/** The marks that aren't raised yet, by user and then by the other user. */
type Waiting = Map<string, Map<string, ReadMark>>;

/** Marks of private conversations and of the public room have different intervals. */
type Kind = "private" | "public";

/**
 * Gathers read marks, so that a mark for each message costs the log little (P70). Of several marks of a user in one
 * conversation the newest one counts.
 *
 * A mark waits until the log has taken it, and counts against the bounds until then. So the bounds hold however slow the
 * log is, and if the log is unavailable, the marks stay until a later round (G5).
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
    const ofUser = this.#waiting.get(mark.user) ?? new Map<string, ReadMark>();
    const held = ofUser.get(mark.with);
    if (held && held.id >= mark.id) return;
    if (!held) {
      this.#assertRoom(ofUser.size);
      this.#count += 1;
    }
    ofUser.set(mark.with, mark);
    this.#waiting.set(mark.user, ofUser);
    this.#schedule(kindOf(mark));
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

  #assertRoom(countOfUser: number): void {
    const { maxMarks, maxMarksPerUser, privateMs } = this.#deps;
    if (this.#count < maxMarks && countOfUser < maxMarksPerUser) return;
    throw new ChatError("backlog_full", {
      message: "Too many read marks wait. Send this one again later.",
      retryAfterMs: privateMs,
    });
  }

  #schedule(kind: Kind): void {
    const { privateMs, publicMs } = this.#deps;
    this.#timers[kind] ??= setTimeout(
      () => {
        this.#timers[kind] = undefined;
        this.#raising = this.#raising.then(() => this.#raise((mark) => kindOf(mark) === kind));
      },
      kind === "public" ? publicMs : privateMs,
    );
  }

  /** Raises the marks that are due. One call at a time, so no mark is raised twice. */
  async #raise(isDue: (mark: ReadMark) => boolean): Promise<void> {
    const marks = [...this.#waiting.values()].flatMap((ofUser) => [...ofUser.values()].filter(isDue));
    if (marks.length === 0) return;
    const { feed, observe } = this.#deps;
    try {
      await feed.raise(marks);
      for (const mark of marks) this.#forget(mark);
      observe({ type: "marks", raised: marks.length, failed: 0, waiting: this.#count });
    } catch {
      // The log reports why it is unavailable.
      for (const mark of marks) this.#schedule(kindOf(mark));
      observe({ type: "marks", raised: 0, failed: marks.length, waiting: this.#count });
    }
  }

  /** Forgets a mark that was raised, unless a newer one has taken its place. */
  #forget(mark: ReadMark): void {
    const ofUser = this.#waiting.get(mark.user);
    if (ofUser?.get(mark.with) !== mark) return;
    ofUser.delete(mark.with);
    this.#count -= 1;
    if (ofUser.size === 0) this.#waiting.delete(mark.user);
  }
}

function kindOf(mark: ReadMark): Kind {
  return mark.with === "" ? "public" : "private";
}
