export type Violation = "lost" | "unseen" | "duplicated" | "outOfOrder" | "strange";

const MAX_LINES_PER_KIND = 5;

/** Counts all violations, and describes the first few of each kind. */
export class Findings {
  readonly counts: Record<Violation, number> = {
    lost: 0,
    unseen: 0,
    duplicated: 0,
    outOfOrder: 0,
    strange: 0,
  };
  readonly #lines: string[] = [];

  add(kind: Violation, line: string): void {
    this.counts[kind] += 1;
    if (this.counts[kind] <= MAX_LINES_PER_KIND) this.#lines.push(`${kind}: ${line}`);
  }

  lines(): string[] {
    const more = Object.entries(this.counts).filter(([, count]) => count > MAX_LINES_PER_KIND);
    return [...this.#lines, ...more.map(([kind, count]) => `${kind}: ${count} in total`)];
  }
}
