import { unavailableWithin } from "./conditions.ts";
import type { RuleBuilder } from "./rule.ts";

const CONNECTIONS = [
  "(parley_gateway_connections / parley_gateway_connections_limit)",
  '(parley_http_sockets{server="public"} / parley_http_sockets_limit{server="public"})',
].join(" or ");
const NONE_READY = [
  "(sum by (app) (parley_ready * on (job, instance) group_left (app) parley_info) == 0)",
  missing("gateway"),
  missing("history-api"),
].join(" or ");
const FETCHES = "parley_auth_key_fetches_total";

/** Alerts about processes: too few that are ready, or no reserve. */
export const processes: RuleBuilder = (scale) => [
  {
    alert: "ParleyNoneReady",
    expr: `(${NONE_READY}) unless on () ${unavailableWithin("log", 2, scale)} unless on () ${unavailableWithin("store", 2, scale)}`,
    for: scale.time(2),
    severity: "critical",
    summary: "No {{ $labels.app }} is ready.",
  },
  {
    alert: "ParleyConnectionsNearLimit",
    expr: `max by (job, instance) (${CONNECTIONS}) > 0.8`,
    for: scale.time(5),
    severity: "warning",
    summary:
      "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of the connections that it may hold.",
  },
  {
    alert: "ParleyEventLoopBusy",
    expr: `rate(parley_event_loop_active_seconds_total[${scale.time(5)}]) > 0.85`,
    for: scale.time(10),
    severity: "warning",
    summary: "{{ $labels.instance }} works {{ $value | humanizePercentage }} of the time: it has no reserve.",
  },
  {
    alert: "ParleyIssuerKeysFailing",
    expr: `(sum(increase(${FETCHES}{outcome="failed"}[${scale.time(10)}])) > 0) unless (sum(increase(${FETCHES}{outcome="fetched"}[${scale.time(10)}])) > 0)`,
    for: scale.time(10),
    severity: "warning",
    summary: "The issuer's keys cannot be fetched: known keys are trusted for an hour.",
  },
];

/** One series with the label `app` if Prometheus sees no such process. A process that is gone has no `parley_ready`. */
function missing(app: string): string {
  return `label_replace(absent(parley_info{app=~"${app}|standalone"}), "app", "${app}", "", "")`;
}
