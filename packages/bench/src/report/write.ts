import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chartSpec } from "./chart.ts";
import { drawChart } from "./draw.ts";
import { withManualSection } from "./manual-section.ts";
import { type Report, reportText } from "./report.ts";

const DOCS = join(import.meta.dirname, "../../../../docs");
const PAGE = "performance.md";
const CHART = "performance.svg";

/** Writes docs/performance.md and its chart. If the chart can't be drawn, logs the reason and leaves it out. */
export async function writeReport(report: Report, log: (text: string) => void): Promise<void> {
  const spec = chartSpec(report.results);
  const svg = spec && (await drawChart(spec).catch((error) => log(String(error))));
  if (svg) await writeFile(join(DOCS, CHART), svg);
  const old = await readFile(join(DOCS, PAGE), "utf8").catch(() => undefined);
  const page = reportText(report, svg ? { chart: CHART } : {});
  await writeFile(join(DOCS, PAGE), withManualSection(page, old));
  log(`wrote docs/${PAGE}${svg ? ` and docs/${CHART}` : ", without a chart"}`);
}
