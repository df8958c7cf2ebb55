import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROWS } from "./dashboard/rows.ts";
import { MONITORING_FILES } from "./files.ts";
import { type Metric, readCatalogue } from "./metrics/catalogue.ts";
import { groupLabelsOf, type Matcher, selectorsOf } from "./metrics/expression.ts";
import { isAlert } from "./rules/rule.ts";
import { allRules, runbookOf } from "./rules/rules.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

const catalogue = await readCatalogue();
const rules = allRules();
const alerts = rules.filter(isAlert);
const queries = ROWS.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
/** Every expression, by the name of the rule or the panel's legend. */
const expressions: readonly (readonly [string, string])[] = [
  ...rules.map((rule) => [isAlert(rule) ? rule.alert : rule.record, rule.expr] as const),
  ...queries.map(({ expr, legend }) => [`panel "${legend}"`, expr] as const),
];

/** Labels that Prometheus adds, or that a recording rule sets. */
const OTHER_LABELS = ["job", "instance", "le", "of"];

describe("deploy/monitoring", () => {
  it.each(Object.entries(MONITORING_FILES))("%s is up to date (npx pnpm@12 run docs)", (name, content) => {
    expect(read(`deploy/monitoring/${name}`)).toBe(content());
  });

  it.each(expressions)("%s reads only metrics and labels that exist", (_name, expr) => {
    const selectors = selectorsOf(expr);
    expect(selectors.filter(({ name }) => !isRecorded(name) && !metricOf(name))).toEqual([]);
    const unknown = selectors.flatMap(({ name, matchers }) =>
      matchers.filter((matcher) => !isRecorded(name) && !isKnown(metricOf(name), matcher)),
    );
    expect(unknown).toEqual([]);
    const labels = catalogue.flatMap((metric) => Object.keys(metric.labels));
    expect([...labels, ...OTHER_LABELS]).toEqual(expect.arrayContaining([...groupLabelsOf(expr)]));
  });
});

/** True if a recording rule makes series of this name. */
function isRecorded(name: string): boolean {
  return rules.some((rule) => !isAlert(rule) && rule.record === name);
}

function metricOf(series: string): Metric | undefined {
  return catalogue.find(({ kind, name }) => nameInSeries(kind, name, series));
}

/** True if the metric has the label and its values. Gauges have no values in the catalogue. */
function isKnown(metric: Metric | undefined, { label, values }: Matcher): boolean {
  if (OTHER_LABELS.includes(label)) return true;
  const known = metric?.labels[label];
  return known !== undefined && (metric?.kind === "gauge" || values.every((value) => known.includes(value)));
}

/** True if a metric exposes series of this name. A histogram has three. */
function nameInSeries(kind: string, name: string, series: string): boolean {
  if (kind !== "histogram") return name === series;
  return ["bucket", "sum", "count"].some((suffix) => `${name}_${suffix}` === series);
}

describe("metrics", () => {
  it("exist for each value of their labels before anything has happened, except for gauges", () => {
    expect(catalogue.filter(({ kind, hasSeries }) => kind !== "gauge" && !hasSeries)).toEqual([]);
  });
});

describe("the runbooks", () => {
  it.each(alerts.map(({ alert }) => [alert]))(
    "%s has a page with meaning, impact, diagnosis and mitigation",
    (alert) => {
      const [title, ...headings] = read(runbookOf(alert)).match(/^#+ .*$/gm) ?? [];
      expect(title).toBe(`# ${alert}`);
      expect(headings).toEqual(["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]);
    },
  );

  it("exist for alerts only, and are listed with their severity", () => {
    const pages = readdirSync(join(ROOT, "docs/runbooks")).filter((file) => file !== "README.md");
    expect(pages.toSorted()).toEqual(alerts.map(({ alert }) => `${alert}.md`).toSorted());
    const list = read("docs/runbooks/README.md");
    for (const { alert, severity } of alerts)
      expect(list).toContain(`| [${alert}](${alert}.md) | ${severity} |`);
  });

  it.each(alerts.map(({ alert }) => [alert]))(
    "%s's page names only metrics and alerts that exist",
    (alert) => {
      const text = read(runbookOf(alert));
      const known = catalogue.map(({ name }) => name);
      for (const { name } of selectorsOf(text)) {
        if (name.startsWith("parley:"))
          expect(rules.map((rule) => "record" in rule && rule.record)).toContain(name);
        else expect(known).toContain(name);
      }
      const named = [...text.matchAll(/\bParley[A-Z]\w+/g)].map(([name]) => name);
      expect(alerts.map((one) => one.alert)).toEqual(expect.arrayContaining(named));
    },
  );
});

describe("docs/operating.md", () => {
  const text = read("docs/operating.md");
  const rows = [...text.matchAll(/^\| (`parley_[^|]+) \| (\w+) \| (.*) \|$/gm)].map(
    ([, names = "", kind, meaning]) => ({
      names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
      kind,
      meaning,
    }),
  );

  it("lists every metric once, and no other", () => {
    const listed = rows.flatMap(({ names }) => names);
    expect(listed.toSorted()).toEqual(catalogue.map(({ name }) => name).toSorted());
  });

  it.each(catalogue.map((metric) => [metric.name, metric] as const))(
    "%s has its kind and its labels",
    (name, metric) => {
      const row = rows.find(({ names }) => names.includes(name));
      expect(row?.kind).toBe(metric.kind);
      for (const label of Object.keys(metric.labels)) {
        if (label !== "server") expect(row?.meaning).toContain(`\`${label}\``);
      }
    },
  );

  it("names only metrics that exist", () => {
    const known = catalogue.map(({ name }) => name);
    for (const [, name = ""] of text.matchAll(/`(parley_\w+)/g)) expect(known).toContain(name);
  });
});
