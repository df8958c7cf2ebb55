import type { Recording, RuleBuilder, Scale } from "./rule.ts";

/**
 * Conditions that several alerts use. An alert names a cause, and is silent about effects of a cause that has an alert
 * of its own: while the log is unavailable, for example, no process is ready, and that is not reported again.
 */
export const conditions: RuleBuilder = (scale) => [
  { record: "parley:log_unavailable", expr: 'max(parley_bus_connected{role="append"}) == bool 0' },
  {
    record: "parley:store_unavailable",
    expr: `(sum(increase(parley_store_failures_total[${scale.time(1)}])) > bool 0) unless (sum(increase(parley_persister_messages_settled_total{outcome="stored"}[${scale.time(1)}])) > 0)`,
  },
  { record: "parley:no_persister", expr: 'absent(parley_info{app=~"persister|standalone"})' },
  freshest("lag_seconds", scale),
  freshest("backlog_entries", scale),
  freshest("backlog_bytes", scale),
  ...["entries", "bytes"].map((of) => ({
    record: "parley:backlog_use:ratio",
    labels: { of },
    expr: `parley:backlog_${of} / min(parley_bus_backlog_${of}_limit)`,
  })),
];

/** The greatest value of a gauge that was measured within the last minute, by persisters or history-apis. */
function freshest(name: string, scale: Scale): Recording {
  const values = ["persister", "history"].map(
    (part) =>
      `(parley_${part}_${name} and (time() - parley_${part}_log_measured_timestamp_seconds < ${scale.seconds(60)}))`,
  );
  return { record: `parley:${name}`, expr: `max(${values.join(" or ")})` };
}

/** True while the log or the store has been unavailable within the last minutes. */
export function unavailableWithin(what: "log" | "store", minutes: number, scale: Scale): string {
  return `(max_over_time(parley:${what}_unavailable[${scale.time(minutes)}]) > 0)`;
}
