import { unavailable } from "../errors.ts";

export interface Join {
  resolve(cursor: string): void;
  reject(problem: string): void;
}

/** Those who wait for a cursor. One that gets none within the time gets `unavailable`. */
export class Joins {
  readonly #timeoutMs: number;
  readonly #open = new Set<Join>();
  readonly #problem: () => string;

  /** `problem` says why it took too long. */
  constructor(timeoutMs: number, problem: () => string) {
    this.#timeoutMs = timeoutMs;
    this.#problem = problem;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  add(): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#open.delete(join);
        settle();
      };
      const join: Join = {
        resolve: (cursor) => end(() => resolve(cursor)),
        reject: (problem) => end(() => reject(unavailable(problem))),
      };
      const timer = setTimeout(() => join.reject(this.#problem()), this.#timeoutMs);
      this.#open.add(join);
    });
  }

  /** All who wait now; whoever comes later is not among them. They wait on until they are answered. */
  waiting(): readonly Join[] {
    return [...this.#open];
  }

  rejectAll(problem: string): void {
    for (const join of this.waiting()) join.reject(problem);
  }
}
