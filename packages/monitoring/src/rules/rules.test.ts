import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { hasTools } from "../test/prometheus-tools.ts";
import { isAlert } from "./rule.ts";
import { allRules, rulesYaml } from "./rules.ts";

/** Series with their values, in promtool's notation: `0+30x9` is 0, 30, 60 and so on. One value every 30 s. */
type Series = Readonly<Record<string, string>>;

const MINUTES = 90;
const STEP = 30;
const PER_MINUTE = 60 / STEP;
const COUNT = MINUTES * PER_MINUTE;
const still = (value: number) => `${value}x${COUNT}`;
const growing = (perSecond: number) => `0+${perSecond * STEP}x${COUNT}`;
/** `value` for some minutes, then `after`. */
const changing = (value: string, minutes: number, after: string) =>
  `${value}x${minutes * PER_MINUTE} ${after}x${COUNT}`;
const gone = (minutes: number) => `1x${minutes * PER_MINUTE} stale`;

const on = (job: string) => `instance="${job}:9080",job="${job}"`;
const info = (app: string) => `parley_info{app="${app}",${on(app)}}`;
const ready = (app: string) => `parley_ready{${on(app)}}`;
const connected = `parley_bus_connected{role="append",${on("gateway")}}`;
const lag = `parley_history_lag_seconds{${on("history-api")}}`;
const backlog = `parley_history_backlog_entries{${on("history-api")}}`;
const measured = (part: string, job: string) => `parley_${part}_log_measured_timestamp_seconds{${on(job)}}`;
const accepted = `parley_gateway_messages_accepted_total{${on("gateway")}}`;
const failed = (code: string) => `parley_gateway_messages_failed_total{code="${code}",${on("gateway")}}`;
const acks = `parley_gateway_ack_seconds_count{${on("gateway")}}`;
const quickAcks = `parley_gateway_ack_seconds_bucket{le="0.5",${on("gateway")}}`;
const stored = `parley_persister_messages_settled_total{outcome="stored",${on("persister")}}`;
const storeFailures = `parley_store_failures_total{operation="ping",${on("history-api")}}`;
const created = `parley_bus_logs_created_total{how="created",${on("persister")}}`;
const gaps = `parley_gateway_gaps_total{${on("gateway")}}`;
const conflicts = `parley_bus_entries_total{what="id-conflict",${on("persister")}}`;
const letters = `parley_persister_dead_letters{${on("persister")}}`;
const refs = `parley_bus_refs{${on("gateway")}}`;
const connections = `parley_gateway_connections{${on("gateway")}}`;
const loop = `parley_event_loop_active_seconds_total{${on("gateway")}}`;
const fetches = (outcome: string) => `parley_auth_key_fetches_total{outcome="${outcome}",${on("gateway")}}`;

const HEALTHY: Series = {
  ...Object.fromEntries(
    ["gateway", "persister", "history-api"].flatMap((app) => [
      [info(app), still(1)],
      [ready(app), still(1)],
    ]),
  ),
  [connected]: still(1),
  [lag]: still(0),
  [backlog]: still(0),
  [`parley_bus_backlog_entries_limit{${on("gateway")}}`]: still(1_000),
  [measured("history", "history-api")]: growing(1),
  [measured("persister", "persister")]: growing(1),
  [accepted]: growing(100),
  [failed("unavailable")]: still(0),
  [failed("backlog_full")]: still(0),
  [acks]: growing(100),
  [quickAcks]: growing(100),
  [stored]: growing(100),
  [storeFailures]: still(0),
  [created]: still(1),
  [gaps]: still(0),
  [conflicts]: still(0),
  [letters]: still(0),
  [refs]: still(10),
  [`parley_bus_refs_limit{${on("gateway")}}`]: still(1_000),
  [connections]: still(10),
  [`parley_gateway_connections_limit{${on("gateway")}}`]: still(1_000),
  [loop]: growing(0.3),
  [fetches("failed")]: still(0),
  [fetches("fetched")]: still(1),
};

interface Case {
  readonly title: string;
  /** Series that differ from the healthy ones. Undefined removes a series. */
  readonly series: Readonly<Record<string, string | undefined>>;
  /** Minute of the check. */
  readonly at?: number;
  /** Names of the alerts that fire, with labels beside the severity. */
  readonly fires: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { title: "nothing fires if all is well", series: {}, fires: {} },
  {
    title: "nothing fires after a first start, although it creates a log",
    series: {
      ...Object.fromEntries(Object.entries(HEALTHY).map(([name, values]) => [name, `_x140 ${values}`])),
      [measured("history", "history-api")]: `_x140 4200+30x${COUNT}`,
      [measured("persister", "persister")]: `_x140 4200+30x${COUNT}`,
      [created]: `_x140 0 1x${COUNT}`,
    },
    at: 75,
    fires: {},
  },
  {
    title: "no persister, without further alerts about the lag",
    series: {
      [info("persister")]: gone(30),
      [ready("persister")]: gone(30),
      [lag]: changing("0", 31, "120"),
    },
    at: 40,
    fires: { ParleyNoPersister: "" },
  },
  {
    title: "MongoDB is away: no alert about the lag or about processes that are not ready",
    series: {
      [storeFailures]: `0x60 0+10x${COUNT}`,
      [stored]: `0x${COUNT}`,
      [lag]: changing("0", 31, "120"),
      [ready("persister")]: changing("1", 30, "0"),
      [ready("history-api")]: changing("1", 30, "0"),
    },
    at: 40,
    fires: { ParleyStoreUnavailable: "" },
  },
  {
    title: "a slow store",
    series: { [storeFailures]: growing(0.1), [lag]: changing("0", 30, "45") },
    at: 32,
    fires: { ParleyStoringLags: "" },
  },
  {
    title: "a lag that was measured long ago doesn't count, but is reported as unknown",
    series: {
      [lag]: still(45),
      [measured("history", "history-api")]: still(0),
      [measured("persister", "persister")]: still(0),
    },
    fires: { ParleyLagNotMeasured: "" },
  },
  {
    title: "nothing measures the lag",
    series: {
      [measured("history", "history-api")]: undefined,
      [measured("persister", "persister")]: undefined,
    },
    fires: { ParleyLagNotMeasured: "" },
  },
  {
    title: "a filling backlog, without an alert about the lag",
    series: { [backlog]: still(501), [lag]: still(45) },
    fires: { ParleyBacklogFilling: "" },
  },
  {
    title: "Redis is away: errors, and processes that are not ready, are no alerts of their own",
    series: {
      [connected]: changing("1", 30, "0"),
      [failed("unavailable")]: `0x60 0+3000x${COUNT}`,
      [accepted]: `0+3000x60 180000x${COUNT}`,
      [ready("gateway")]: changing("1", 30, "0"),
      [ready("history-api")]: changing("1", 30, "0"),
      [measured("history", "history-api")]: `0+30x60 1800x${COUNT}`,
      [measured("persister", "persister")]: `0+30x60 1800x${COUNT}`,
    },
    at: 40,
    fires: { ParleyLogUnavailable: "" },
  },
  {
    title: "2 % of the sends fail",
    series: { [failed("unavailable")]: growing(2) },
    fires: { ParleySendErrors: "" },
  },
  { title: "0.05 % of the sends fail", series: { [failed("unavailable")]: growing(0.05) }, fires: {} },
  {
    title: "refusals of a full backlog are no send errors",
    series: { [failed("backlog_full")]: growing(50) },
    fires: {},
  },
  {
    title: "errors that have ended",
    series: { [failed("unavailable")]: `0+300x60 18000x${COUNT}` },
    at: 62,
    fires: {},
  },
  { title: "20 % of the acks are slow", series: { [quickAcks]: growing(80) }, fires: { ParleySlowAcks: "" } },
  { title: "0.5 % of the acks are slow", series: { [quickAcks]: growing(99.5) }, fires: {} },
  { title: "many refs", series: { [refs]: still(600) }, fires: { ParleyRefsFilling: "" } },
  {
    title: "the log was replaced, and streams had a gap",
    series: { [created]: changing("1", 56, "2"), [gaps]: changing("0", 56, "1") },
    fires: { ParleyLogReplaced: "" },
  },
  { title: "a gap", series: { [gaps]: changing("0", 56, "1") }, fires: { ParleyLiveGap: "" } },
  { title: "dead letters", series: { [letters]: still(3) }, fires: { ParleyDeadLetters: "" } },
  {
    title: "an id conflict",
    series: { [conflicts]: changing("0", 30, "1") },
    fires: { ParleyIdConflicts: "" },
  },
  {
    title: "gateways that are not ready",
    series: { [ready("gateway")]: still(0) },
    fires: { ParleyNoneReady: 'app="gateway",' },
  },
  {
    title: "no history-api",
    series: { [info("history-api")]: gone(30), [ready("history-api")]: gone(30) },
    fires: { ParleyNoneReady: 'app="history-api",' },
  },
  {
    title: "a gateway that is nearly full",
    series: { [connections]: still(900) },
    fires: { ParleyConnectionsNearLimit: `${on("gateway")},` },
  },
  {
    title: "a busy event loop",
    series: { [loop]: growing(0.95) },
    fires: { ParleyEventLoopBusy: `${on("gateway")},` },
  },
  {
    title: "the issuer's keys",
    series: { [fetches("failed")]: growing(0.1) },
    fires: { ParleyIssuerKeysFailing: "" },
  },
];

const SEVERITY = new Map(
  allRules()
    .filter(isAlert)
    .map(({ alert, severity }) => [alert, severity]),
);
const dir = mkdtempSync(join(tmpdir(), "parley-rules-"));
afterAll(() => rmSync(dir, { recursive: true }));

function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: dir, encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

describe.skipIf(!hasTools("promtool"))("the rules, evaluated by promtool", () => {
  writeFileSync(join(dir, "rules.yml"), rulesYaml());

  it("are valid", () => {
    expect(promtool("check", "rules", "rules.yml")).toBe("");
  });

  it.each(CASES)("$title", ({ series, at = 60, fires }) => {
    const input = Object.entries({ ...HEALTHY, ...series }).flatMap(([name, values]) =>
      values === undefined ? [] : [{ series: name, values }],
    );
    const samples = Object.entries(fires).map(([alert, labels]) => ({
      labels: `ALERTS{${labels}alertname="${alert}",alertstate="firing",severity="${SEVERITY.get(alert)}"}`,
      value: 1,
    }));
    const firing = { expr: 'ALERTS{alertstate="firing"}', eval_time: `${at}m`, exp_samples: samples };
    const tests = [{ interval: `${STEP}s`, input_series: input, promql_expr_test: [firing] }];
    const file = { rule_files: ["rules.yml"], evaluation_interval: `${STEP}s`, tests };
    writeFileSync(join(dir, "test.yml"), stringify(file));
    expect(promtool("test", "rules", "test.yml")).toBe("");
  });

  it("each alert fires in one of these cases", () => {
    const fired = new Set(CASES.flatMap(({ fires }) => Object.keys(fires)));
    expect([...SEVERITY.keys()].filter((alert) => !fired.has(alert))).toEqual([]);
  });
});
