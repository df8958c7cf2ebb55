import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chartSpec } from "./chart.ts";
import { drawChart } from "./draw.ts";
import { withKept } from "./kept.ts";
import { type Report, reportText } from "./report.ts";

const DOCS = join(import.meta.dirname, "../../../../docs");
const PAGE = "performance.md";
const CHART = "performance.svg";

/** Writes docs/performance.md with its chart; without one where it cannot be drawn, and says so. */
export async function writeReport(report: Report, say: (text: string) => void): Promise<void> {
  const spec = chartSpec(report.results);
  const svg = spec && (await drawChart(spec).catch((error) => say(String(error))));
  if (svg) await writeFile(join(DOCS, CHART), svg);
  const old = await readFile(join(DOCS, PAGE), "utf8").catch(() => undefined);
  const page = reportText(report, svg ? { chart: CHART } : {});
  await writeFile(join(DOCS, PAGE), withKept(page, old));
  say(`wrote docs/${PAGE}${svg ? ` and docs/${CHART}` : ", without a chart"}`);
}
