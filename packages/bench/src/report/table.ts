/**
 * Formats a Markdown table whose columns are also aligned in plain text. The first `texts` columns are left-aligned
 * text, the others are right-aligned figures.
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

/** Formats a figure with thousands separators; "–" if it isn't finite. */
export function figure(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
