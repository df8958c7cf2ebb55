import { unavailableWithin } from "./conditions.ts";
import type { RuleBuilder } from "./rule.ts";

const MEASURED = [
  "parley_persister_log_measured_timestamp_seconds",
  "parley_history_log_measured_timestamp_seconds",
].join(" or ");

/** Alerts about the way from the log to the store. */
export const storing: RuleBuilder = (scale) => [
  {
    alert: "ParleyNoPersister",
    expr: "parley:no_persister == 1",
    for: scale.time(2),
    severity: "critical",
    summary: "No persister runs: acknowledged messages wait in the log and are not stored.",
  },
  {
    alert: "ParleyStoreUnavailable",
    expr: "parley:store_unavailable == 1",
    for: scale.time(1),
    severity: "critical",
    summary: "MongoDB does not answer: history fails, and messages wait in the log.",
  },
  {
    alert: "ParleyStoringLags",
    expr: `(parley:lag_seconds > ${scale.seconds(30)}) unless (parley:store_unavailable == 1) unless (parley:no_persister == 1) unless (max(parley:backlog_use:ratio) > 0.5)`,
    for: scale.time(1),
    severity: "warning",
    summary: "The oldest message that is not stored is {{ $value | humanizeDuration }} old.",
  },
  {
    alert: "ParleyLagNotMeasured",
    expr: `((time() - max(${MEASURED}) > ${scale.seconds(120)}) or absent(${MEASURED})) unless ${unavailableWithin("log", 2, scale)}`,
    for: scale.time(2),
    severity: "warning",
    summary: "No process measures the log, so the backlog and the lag are unknown.",
  },
  {
    alert: "ParleyBacklogFilling",
    expr: "max(parley:backlog_use:ratio) > 0.5",
    for: scale.time(1),
    severity: "critical",
    summary:
      "{{ $value | humanizePercentage }} of the backlog is in use: at its limit all senders get backlog_full.",
  },
];
