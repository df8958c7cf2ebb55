import type { Plan } from "./plan.ts";
import { turnsOf } from "./rounds.ts";
import type { Case, Measurement } from "./scenario.ts";

/** A guess is wrong at first by what nobody knows of this machine; it is corrected by what the turns really took. */
export class TimeLeft {
  readonly #plan: Plan;
  readonly #expected: number;
  #done = 0;
  #took = 0;
  #turn: { readonly expected: number; readonly startedAt: number } | undefined;

  constructor(measurements: readonly Measurement[], plan: Plan) {
    this.#plan = plan;
    const rounds = Array.from({ length: plan.rounds }, (_, round) => round);
    this.#expected = measurements
      .flatMap(({ cases }) => rounds.flatMap((round) => turnsOf(cases, round)))
      .reduce((sum, one) => sum + one.seconds(plan), 0);
  }

  /** All of it, in seconds. */
  get expected(): number {
    return this.#expected;
  }

  begin(one: Case, now: number): void {
    this.#turn = { expected: one.seconds(this.#plan), startedAt: now };
  }

  end(now: number): void {
    if (!this.#turn) return;
    this.#done += this.#turn.expected;
    this.#took += now - this.#turn.startedAt;
    this.#turn = undefined;
  }

  /** In seconds, at `now`, which is in seconds too. */
  left(now: number): number {
    const pace = this.#done > 0 ? this.#took / this.#done : 1;
    const turn = this.#turn ? Math.min(now - this.#turn.startedAt, this.#turn.expected * pace) : 0;
    return Math.max(0, (this.#expected - this.#done) * pace - turn);
  }
}

/** `3 min` or `40 s`. */
export function inWords(seconds: number): string {
  return seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 10) * 10} s`;
}
