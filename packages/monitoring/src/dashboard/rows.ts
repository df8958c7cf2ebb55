import { percentilesOf, perInstance, type Row, rateOf, ratePer } from "./panel.ts";

/** The dashboard's rows, in the order of a message's path. */
export const ROWS: readonly Row[] = [
  {
    title: "Sending",
    panels: [
      {
        title: "Messages",
        unit: "ops",
        queries: [
          rateOf("parley_gateway_messages_accepted_total", "accepted"),
          ratePer("code", "parley_gateway_messages_failed_total"),
        ],
      },
      {
        title: "Time to the ack",
        unit: "s",
        description: "From a message's frame to its ack, for accepted messages.",
        queries: percentilesOf("parley_gateway_ack_seconds"),
      },
      {
        title: "Time to delivery",
        unit: "s",
        description: "From a message's frame until the clients of the same gateway have it. A sample.",
        queries: percentilesOf("parley_gateway_delivery_seconds"),
      },
      {
        title: "Calls to the log",
        unit: "s",
        queries: percentilesOf("parley_bus_append_seconds"),
      },
    ],
  },
  {
    title: "Storing",
    panels: [
      {
        title: "Lag",
        unit: "s",
        queries: [{ expr: "parley:lag_seconds", legend: "oldest unstored message" }],
      },
      {
        title: "Use of the backlog and the refs",
        unit: "percentunit",
        queries: [
          { expr: "parley:backlog_use:ratio", legend: "backlog, {{of}}" },
          { expr: "max(parley_bus_refs) / min(parley_bus_refs_limit)", legend: "refs" },
        ],
      },
      {
        title: "Messages stored",
        unit: "ops",
        queries: [ratePer("outcome", "parley_persister_messages_settled_total")],
      },
      {
        title: "Edits and deletions stored",
        unit: "ops",
        queries: [ratePer("outcome", "parley_persister_changes_settled_total")],
      },
      {
        title: "Inserts",
        unit: "s",
        queries: percentilesOf("parley_persister_insert_seconds"),
      },
      {
        title: "Failures of the store",
        unit: "ops",
        queries: [ratePer("operation", "parley_store_failures_total")],
      },
      {
        title: "Dead letters",
        unit: "none",
        queries: [{ expr: "max(parley_persister_dead_letters)", legend: "dead letters" }],
      },
    ],
  },
  {
    title: "Connections",
    panels: [
      {
        title: "WebSockets",
        unit: "none",
        queries: [
          perInstance("parley_gateway_connections"),
          { expr: "min(parley_gateway_connections_limit)", legend: "limit of one gateway" },
        ],
      },
      { title: "Handshakes", unit: "s", queries: percentilesOf("parley_gateway_handshake_seconds") },
      {
        title: "Connections ended",
        unit: "ops",
        queries: [ratePer("code", "parley_gateway_connections_ended_total")],
      },
      {
        title: "Refused",
        unit: "ops",
        queries: [
          ratePer("code", "parley_gateway_refused_total"),
          ratePer("reason", 'parley_http_sockets_refused_total{server="public"}'),
        ],
      },
      {
        title: "Bytes that clients have not read",
        unit: "bytes",
        queries: [perInstance("parley_gateway_pending_bytes")],
      },
      {
        title: "Gaps and repairs of live streams",
        unit: "ops",
        queries: [
          rateOf("parley_gateway_gaps_total", "gaps"),
          rateOf("parley_bus_repairs_total", "repairs"),
          rateOf("parley_bus_logs_created_total", "logs created"),
        ],
      },
    ],
  },
  {
    title: "History",
    panels: [
      { title: "Responses", unit: "ops", queries: [ratePer("route", "parley_history_answer_seconds_count")] },
      { title: "Time of a response", unit: "s", queries: percentilesOf("parley_history_answer_seconds") },
      {
        title: "Errors and limits",
        unit: "ops",
        queries: [
          ratePer("code", "parley_history_refused_total"),
          ratePer("limit", "parley_history_limited_total"),
          rateOf("parley_history_cut_total", "cut off"),
        ],
      },
      {
        title: "The log's end in memory",
        unit: "bytes",
        queries: [perInstance("parley_history_tail_bytes")],
      },
    ],
  },
  {
    title: "Processes",
    panels: [
      {
        title: "Ready processes",
        unit: "none",
        queries: [
          {
            expr: "sum by (app) (parley_ready * on (job, instance) group_left (app) parley_info)",
            legend: "{{app}}",
          },
        ],
      },
      {
        title: "Use of the event loop",
        unit: "percentunit",
        queries: [perInstance("rate(parley_event_loop_active_seconds_total[$__rate_interval])")],
      },
      {
        title: "Memory",
        unit: "bytes",
        queries: [
          perInstance("process_resident_memory_bytes * on (job, instance) group_left () parley_info"),
        ],
      },
      {
        title: "Connections to Redis",
        unit: "none",
        queries: [{ expr: "min by (role) (parley_bus_connected)", legend: "{{role}}" }],
      },
    ],
  },
];
