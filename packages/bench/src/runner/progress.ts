import type { Plan } from "./plan.ts";
import { turnsOf } from "./rounds.ts";
import type { Case, Scenario } from "./scenario.ts";

/** Estimates the time left: the cases' own estimates, scaled by the real duration of the turns that have finished. */
export class TimeLeft {
  readonly #plan: Plan;
  readonly #expected: number;
  #done = 0;
  #took = 0;
  #turn: { readonly expected: number; readonly startedAt: number } | undefined;

  constructor(scenarios: readonly Scenario[], plan: Plan) {
    this.#plan = plan;
    const rounds = Array.from({ length: plan.rounds }, (_, round) => round);
    this.#expected = scenarios
      .flatMap(({ cases }) => rounds.flatMap((round) => turnsOf(cases, round)))
      .reduce((sum, one) => sum + one.seconds(plan), 0);
  }

  /** The estimate for the whole run, in seconds, before any turn. */
  get expected(): number {
    return this.#expected;
  }

  /** Begins a turn of a case. `now` is in seconds. */
  begin(one: Case, now: number): void {
    this.#turn = { expected: one.seconds(this.#plan), startedAt: now };
  }

  end(now: number): void {
    if (!this.#turn) return;
    this.#done += this.#turn.expected;
    this.#took += now - this.#turn.startedAt;
    this.#turn = undefined;
  }

  /** Returns the time left, in seconds. `now` is in seconds too. */
  left(now: number): number {
    const pace = this.#done > 0 ? this.#took / this.#done : 1;
    const turn = this.#turn ? Math.min(now - this.#turn.startedAt, this.#turn.expected * pace) : 0;
    return Math.max(0, (this.#expected - this.#done) * pace - turn);
  }
}

/** Formats a duration as `3 min` or `40 s`. */
export function formatDuration(seconds: number): string {
  return seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 10) * 10} s`;
}
