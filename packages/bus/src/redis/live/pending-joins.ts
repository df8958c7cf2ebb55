import { unavailable } from "../errors.ts";

/** A join that waits for its cursor. */
export interface PendingJoin {
  resolve(cursor: string): void;
  reject(problem: string): void;
}

/** Joins that wait for a cursor. A join that gets no cursor in time rejects with `unavailable`. */
export class PendingJoins {
  readonly #timeoutMs: number;
  readonly #open = new Set<PendingJoin>();
  readonly #problem: () => string;

  /** `problem` is called when a join times out, and returns the reason for the error. */
  constructor(timeoutMs: number, problem: () => string) {
    this.#timeoutMs = timeoutMs;
    this.#problem = problem;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Adds a join and returns the promise of its cursor. */
  add(): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#open.delete(join);
        settle();
      };
      const join: PendingJoin = {
        resolve: (cursor) => end(() => resolve(cursor)),
        reject: (problem) => end(() => reject(unavailable(problem))),
      };
      const timer = setTimeout(() => join.reject(this.#problem()), this.#timeoutMs);
      this.#open.add(join);
    });
  }

  /** Returns the joins that are pending now. Each stays pending until it is resolved or rejected. */
  current(): readonly PendingJoin[] {
    return [...this.#open];
  }

  rejectAll(problem: string): void {
    for (const join of this.current()) join.reject(problem);
  }
}
