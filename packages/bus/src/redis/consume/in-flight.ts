/**
 * What one consumer holds: messages given out and not settled, and messages that failed and wait to be given out
 * again. Knows ids alone, and no clock: `now` is handed in, in ms.
 */
export class Holding {
  readonly #retryMs: { readonly first: number; readonly cap: number };
  readonly #random: () => number;
  /** By id: how often it was given out, and since when it is out. */
  readonly #out = new Map<string, { readonly deliveries: number; readonly since: number }>();
  /** By id: when it is due again. In no order: few fail. */
  readonly #waiting = new Map<string, number>();

  constructor(retryMs: { readonly first: number; readonly cap: number }, random: () => number = Math.random) {
    this.#retryMs = retryMs;
    this.#random = random;
  }

  /** Whether it is given out at this moment, and has been since `since` at the earliest. */
  isOut(id: string, since: number): boolean {
    const given = this.#out.get(id);
    return given !== undefined && given.since >= since;
  }

  give(id: string, deliveries: number, now: number): void {
    this.#waiting.delete(id);
    this.#out.set(id, { deliveries, since: now });
  }

  /** It is done, here or elsewhere. */
  release(id: string): void {
    this.#out.delete(id);
    this.#waiting.delete(id);
  }

  /** It failed: due again after a wait that doubles with every delivery. */
  postpone(id: string, now: number): void {
    const deliveries = this.#out.get(id)?.deliveries ?? 1;
    const most = Math.min(this.#retryMs.cap, this.#retryMs.first * 2 ** Math.min(deliveries - 1, 20));
    this.#out.delete(id);
    this.#waiting.set(id, now + most * (0.5 + this.#random() / 2));
  }

  /** What is due, smallest ids first, at most `limit`. It goes on waiting until it is given or released. */
  due(now: number, limit: number): string[] {
    const due = [...this.#waiting].filter(([, at]) => at <= now).map(([id]) => id);
    return due.sort().slice(0, limit);
  }

  /** When the next will be due, or undefined where none waits. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const at of this.#waiting.values()) if (next === undefined || at < next) next = at;
    return next;
  }

  /** What was given out after `since` and is not settled. */
  outSince(since: number): string[] {
    return [...this.#out].filter(([, given]) => given.since >= since).map(([id]) => id);
  }
}
