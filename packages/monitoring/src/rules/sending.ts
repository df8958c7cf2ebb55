import { unavailableWithin } from "./conditions.ts";
import type { Alert, Recording, RuleBuilder, Scale } from "./rule.ts";

/** Errors that are the system's fault. `backlog_full` has an alert of its own. */
const FAILED = 'parley_gateway_messages_failed_total{code=~"unavailable|internal"}';
const ACCEPTED = "parley_gateway_messages_accepted_total";

/** A service level objective: the share of events that may be bad. */
interface Objective {
  /** Name of the recorded ratio of bad events. */
  readonly name: string;
  readonly alert: string;
  readonly allowed: number;
  readonly summary: string;
  /** Returns the ratio of bad events over a window. */
  ratio(window: string): string;
}

const OBJECTIVES: readonly Objective[] = [
  {
    name: "send_errors",
    alert: "ParleySendErrors",
    allowed: 0.001,
    summary: "{{ $value | humanizePercentage }} of the messages fail; 99.9 % must be accepted.",
    ratio: (window) =>
      `sum(rate(${FAILED}[${window}])) / (sum(rate(${ACCEPTED}[${window}])) + sum(rate(${FAILED}[${window}])))`,
  },
  {
    name: "slow_acks",
    alert: "ParleySlowAcks",
    allowed: 0.01,
    summary: "{{ $value | humanizePercentage }} of the acks take longer than 0.5 s; 99 % must be quicker.",
    ratio: (window) =>
      `1 - sum(rate(parley_gateway_ack_seconds_bucket{le="0.5"}[${window}])) / sum(rate(parley_gateway_ack_seconds_count[${window}]))`,
  },
];

/**
 * Burn rates: at 14.4 a month's allowance is used up in two days, at 6 in five. The long window shows that it matters,
 * the short one that it still goes on.
 */
const BURNS = [
  { rate: 14.4, long: 60, short: 5 },
  { rate: 6, long: 360, short: 30 },
] as const;

/** Alerts about the way from a client to the log. */
export const sending: RuleBuilder = (scale) => [
  {
    alert: "ParleyLogUnavailable",
    expr: "parley:log_unavailable == 1",
    for: scale.time(1),
    severity: "critical",
    summary: "No gateway reaches Redis: nobody can send, and nothing is delivered.",
  },
  ...OBJECTIVES.flatMap((objective) => [...recorded(objective, scale), burning(objective, scale)]),
  {
    alert: "ParleyRefsFilling",
    expr: "max(parley_bus_refs) / min(parley_bus_refs_limit) > 0.5",
    for: scale.time(5),
    severity: "warning",
    summary:
      "{{ $value | humanizePercentage }} of the refs are in use: at the limit new refs get backlog_full.",
  },
];

function nameOf({ name }: Objective, minutes: number): string {
  return `parley:${name}:ratio_rate${minutes < 60 ? `${minutes}m` : `${minutes / 60}h`}`;
}

function recorded(objective: Objective, scale: Scale): Recording[] {
  const windows = BURNS.flatMap(({ long, short }) => [long, short]).toSorted((a, b) => a - b);
  return windows.map((minutes) => ({
    record: nameOf(objective, minutes),
    expr: objective.ratio(scale.time(minutes)),
  }));
}

function burning(objective: Objective, scale: Scale): Alert {
  const parts = BURNS.map(({ rate, long, short }) => {
    // Six decimals are enough, and hide the rounding error of the multiplication.
    const bound = Number((rate * objective.allowed).toFixed(6));
    const [over, still] = [long, short].map((minutes) => `${nameOf(objective, minutes)} > ${bound}`);
    return `((${over}) and (${still}) unless ${unavailableWithin("log", short, scale)})`;
  });
  const { alert, summary } = objective;
  return { alert, expr: parts.join(" or "), for: scale.time(2), severity: "critical", summary };
}
