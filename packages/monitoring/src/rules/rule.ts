/** Rules for one concern, built with durations that a test can shorten. */
export type RuleBuilder = (scale: Scale) => readonly Rule[];

export type Rule = Recording | Alert;

/** A recording rule: Prometheus stores the result of `expr` under the name `record`. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An alert. Its runbook is docs/runbooks/<the alert's name>.md. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** The time for which `expr` must be true before the alert fires. */
  readonly for: string;
  /** `critical`: users notice now, or soon. `warning`: look at it today. */
  readonly severity: "critical" | "warning";
  /** One sentence. May use Prometheus' templates. */
  readonly summary: string;
}

/** Durations of the rules. */
export interface Scale {
  /** Returns a duration for PromQL. */
  time(minutes: number): string;
  /** Returns a number of seconds to compare with. */
  seconds(seconds: number): number;
}

/** Durations multiplied by `factor`. Tests use a small factor, so that alerts fire and resolve within seconds. */
export function scaleBy(factor: number): Scale {
  return {
    time: (minutes) => {
      const seconds = Math.max(1, Math.round(minutes * 60 * factor));
      if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
      return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
    },
    seconds: (seconds) => seconds * factor,
  };
}

export function isAlert(rule: Rule): rule is Alert {
  return "alert" in rule;
}
