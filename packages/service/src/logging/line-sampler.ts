/** Kinds that are counted separately within one second. Lines of further kinds share one count for each level. */
const MAX_KINDS = 100;
const OTHER_TEXT = "any other text";

const WINDOW_MS = 1_000;

/** A kind of lines: those with the same level and text. */
export interface LineKind {
  readonly level: string;
  readonly text: string;
}

/** Lines that were left out within one second. */
export interface LeftOut extends LineKind {
  readonly lines: number;
}

interface Count extends LineKind {
  lines: number;
}

/**
 * Decides which lines are logged: at most `perSecond` of each kind within a second. Counts the others, so that a flood
 * is visible and doesn't fill the disk (G5). Times are ms of a monotonic clock.
 */
export class LineSampler {
  readonly #perSecond: number;
  readonly #counts = new Map<string, Count>();
  #startedAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Time until the current second is over, in ms. */
  remainingMs(now: number): number {
    return Math.max(0, this.#startedAt + WINDOW_MS - now);
  }

  /** Counts a line. Returns true if it may be logged. */
  admits(kind: LineKind): boolean {
    const count = this.#countOf(kind);
    count.lines += 1;
    return count.lines <= this.#perSecond;
  }

  /** Begins the next second. Returns the lines that were left out in the last one. */
  next(now: number): LeftOut[] {
    const leftOut = [...this.#counts.values()]
      .map(({ lines, ...kind }) => ({ ...kind, lines: lines - this.#perSecond }))
      .filter(({ lines }) => lines > 0);
    this.#counts.clear();
    this.#startedAt = now;
    return leftOut;
  }

  #countOf({ level, text }: LineKind): Count {
    const known = this.#counts.get(`${level} ${text}`);
    if (known) return known;
    const kind = { level, text: this.#counts.size < MAX_KINDS ? text : OTHER_TEXT };
    const key = `${kind.level} ${kind.text}`;
    const count = this.#counts.get(key) ?? { ...kind, lines: 0 };
    this.#counts.set(key, count);
    return count;
  }
}
