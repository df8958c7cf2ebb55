import { describe, expect, it } from "vitest";
import { withPart } from "./document.ts";

describe("docs/faults.md", () => {
  it("has both parts from the first run on, one of them saying that it is missing", () => {
    expect(withPart("", "faults", "the table")).toMatch(
      /the table[\s\S]*Not run yet: `npx pnpm@12 chaos --broken`/,
    );
    expect(withPart("", "broken", "the table")).toMatch(/Not run yet: `npx pnpm@12 chaos`[\s\S]*the table/);
  });

  it("a run writes its own part again, and leaves the other as it is", () => {
    const first = withPart(withPart("", "faults", "held"), "broken", "red");
    const second = withPart(first, "broken", "red again");
    expect(second).toBe(first.replace("red\n", "red again\n"));
    expect(withPart(second, "faults", "held again")).toMatch(/held again[\s\S]*red again/);
  });

  it("a part may hold what stands in replacement patterns", () => {
    expect(withPart("", "faults", "$& $1")).toContain("$& $1");
  });

  it("where there is a document of another form its text gives way to this one", () => {
    expect(withPart("# Something else\n", "faults", "held")).toBe(withPart("", "faults", "held"));
  });
});
