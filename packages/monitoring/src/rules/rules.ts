import { stringify } from "yaml";
import { conditions } from "./conditions.ts";
import { integrity } from "./integrity.ts";
import { processes } from "./processes.ts";
import { isAlert, type Rule, type RuleBuilder, scaleBy } from "./rule.ts";
import { sending } from "./sending.ts";
import { storing } from "./storing.ts";

const GROUPS: Readonly<Record<string, RuleBuilder>> = {
  "parley-conditions": conditions,
  "parley-storing": storing,
  "parley-sending": sending,
  "parley-integrity": integrity,
  "parley-processes": processes,
};

const HEADER = `# Made from packages/monitoring by \`npx pnpm@12 run docs\`. Do not edit.
# Each alert has a runbook: docs/runbooks.
`;

/** All rules, in the order in which Prometheus evaluates them. */
export function allRules(): readonly Rule[] {
  return Object.values(GROUPS).flatMap((build) => build(scaleBy(1)));
}

/** The file of rules for Prometheus. `factor` multiplies all durations. Tests use a small one. */
export function rulesYaml(factor = 1): string {
  const groups = Object.entries(GROUPS).map(([name, build]) => ({
    name,
    rules: build(scaleBy(factor)).map(toPrometheus),
  }));
  return HEADER + stringify({ groups }, { lineWidth: 120 });
}

function toPrometheus(rule: Rule): object {
  if (!isAlert(rule)) return rule;
  const { alert, expr, for: duration, severity, summary } = rule;
  const annotations = { summary, runbook_url: runbookOf(alert) };
  return { alert, expr, for: duration, labels: { severity }, annotations };
}

/** Path of an alert's runbook in the repository. */
export function runbookOf(alert: string): string {
  return `docs/runbooks/${alert}.md`;
}
