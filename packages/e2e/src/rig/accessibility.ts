import axe from "axe-core";
import type { WebUser } from "./web-user.ts";

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Returns the violations on the current screen that axe-core calls serious or critical, in light and dark mode. */
export async function seriousViolations({ page }: WebUser): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
    for (const { id, impact, nodes } of violations) {
      if (impact === "serious" || impact === "critical")
        found.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    }
  }
  return found;
}
