import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withPart } from "./document.ts";

const ROOT = join(import.meta.dirname, "../../../..");

describe("docs/faults.md", () => {
  it("has all parts after the first run, with a placeholder for each missing one", () => {
    expect(withPart("", "faults", "the table")).toMatch(
      /the table[\s\S]*Not run yet: `npx pnpm@12 chaos --broken`[\s\S]*Not run yet: `npx pnpm@12 chaos --hostile`/,
    );
    expect(withPart("", "broken", "the table")).toMatch(/Not run yet: `npx pnpm@12 chaos`[\s\S]*the table/);
  });

  it("a run replaces its own part and keeps the others", () => {
    const first = withPart(withPart("", "faults", "held"), "broken", "red");
    const second = withPart(first, "broken", "red again");
    expect(second).toBe(first.replace("red\n", "red again\n"));
    expect(withPart(second, "faults", "held again")).toMatch(/held again[\s\S]*red again/);
    const third = withPart(second, "hostile", "met");
    expect(third).toMatch(/held[\s\S]*red again[\s\S]*met/);
    expect(withPart(third, "broken", "red")).toBe(third.replace("red again\n", "red\n"));
    expect(withPart(third, "soak", "flat")).toMatch(/met[\s\S]*## Hours[\s\S]*flat/);
    expect(withPart(third, "upgrade", "both ways")).toMatch(/met[\s\S]*## Upgrades[\s\S]*both ways/);
  });

  it("a part may contain replacement patterns", () => {
    expect(withPart("", "faults", "$& $1")).toContain("$& $1");
  });

  it("a document of another form is replaced", () => {
    expect(withPart("# Something else\n", "faults", "held")).toBe(withPart("", "faults", "held"));
  });

  it("has the text that the next run writes around its tables, and links to files that exist", () => {
    const written = readFileSync(join(ROOT, "docs/faults.md"), "utf8");
    const [, table = ""] = /<!-- faults: begin -->([\s\S]*)<!-- faults: end -->/.exec(written) ?? [];
    expect(withPart(written, "faults", table)).toBe(written);
    const links = [...written.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link.split("#", 1)[0] ?? "");
    expect(links.filter((path) => path.endsWith(".mutants.yaml"))).toHaveLength(1);
    for (const path of links) expect(existsSync(join(ROOT, "docs", path)), path).toBe(true);
  });
});
