import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brokenLinks } from "./architecture/links.ts";
import { readSources } from "./architecture/source.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("links in Markdown", () => {
  it("lead to an existing file, folder or heading", () => {
    const sources = readSources(ROOT);
    const links = sources.filter(({ path, text }) => path.endsWith(".md") && text.includes("]("));
    expect(links.length).toBeGreaterThan(5);
    expect(brokenLinks(sources, (path) => existsSync(join(ROOT, path)))).toEqual([]);
  });

  const target = { path: "docs/there.md", text: "# A `b` (c)\n## Twice\n## Twice\n```\n# Code\n```\n" };
  const broken = (text: string) =>
    brokenLinks(
      [target, { path: "docs/a.md", text }],
      (path) => path === "docs/page.png" || path === "examples",
    );

  it.each([
    "[x](there.md)",
    "[x](./there.md#a-b-c)",
    "[x](there.md#twice-1)",
    "# Here\n[x](#here)",
    "![x](page.png)",
    "[x](../examples)",
    "[x](https://example.com/nowhere)",
    "`[x](nowhere.md)`",
    "```md\n[x](nowhere.md)\n```",
  ])("accepts %j", (text) => {
    expect(broken(text)).toEqual([]);
  });

  it.each([
    "[x](nowhere.md)",
    "[x](there.md#nowhere)",
    "[x](there.md#code)",
    "[x](#here)",
    "![x](nowhere.png)",
    "[x](page.png#a)",
    "[x](../../outside.md)",
    '<img src="nowhere.png">',
  ])("reports %j", (text) => {
    expect(broken(text)).toHaveLength(1);
  });
});
