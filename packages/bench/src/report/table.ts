/**
 * A table in Markdown whose columns stand below each other as plain text too. The first `texts` columns are text, the
 * others figures.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { texts = 1 }: { texts?: number } = {},
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? "", width, column < texts)).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => ruleOf(width, column < texts)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function pad(cell: string, width: number, isText: boolean): string {
  return isText ? cell.padEnd(width) : cell.padStart(width);
}

function ruleOf(width: number, isText: boolean): string {
  return isText ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`;
}

/** With thousands apart; "–" for what could not be measured. */
export function figure(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
