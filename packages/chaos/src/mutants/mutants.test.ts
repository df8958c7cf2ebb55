import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { check } from "../checker/checker.ts";
import { FAULTS } from "../faults/index.ts";
import type { Result } from "../runner/result.ts";
import { SOAK } from "../soak/soak-trial.ts";
import { UPGRADE } from "../upgrade/upgrade.ts";
import { bundle, MARK, mutate } from "./bundle.ts";
import { findMutants } from "./find-mutants.ts";
import { areAllDetected, colorOf, type MutantRow, mutantSummary, mutantTable } from "./mutant-table.ts";

const ROOT = join(import.meta.dirname, "../../../..");
/** Bundling takes a second, and longer while other tests bundle too. */
const BUNDLE_TIMEOUT_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "parley-broken-"));
afterAll(() => rmSync(folder, { recursive: true }));
const mutants = findMutants();
const [mutant] = mutants;
if (!mutant) throw new Error("there are no mutants");

describe.each(mutants)("$name ($definedIn)", (each) => {
  it("replaces a text that its source contains exactly once", () => {
    const text = readFileSync(join(ROOT, each.source), "utf8");
    expect(() => mutate(text, each)).not.toThrow();
  });

  it(
    "can be built from the source as it is now, and prints its name when it starts",
    async () => {
      const text = readFileSync(await bundle(each, join(folder, each.name), "own code"), "utf8");
      expect(text).toContain(`process.emitWarning("${MARK}: ${each.name}")`);
    },
    BUNDLE_TIMEOUT_MS,
  );

  it("has a fault that must detect it", () => {
    expect([SOAK, UPGRADE, ...FAULTS.map(({ id }) => id)]).toContain(each.fault);
  });
});

describe("an edit", () => {
  const edit = {
    ...mutant,
    name: "dropped",
    definedIn: "a.mutants.yaml",
    source: "a.ts",
    replace: "b()",
    with: "$&",
  };

  it("is made where its text occurs once, and inserts the new text as it is", () => {
    expect(mutate("a(); b(); c();", edit)).toBe("a(); $&; c();");
  });

  it.each([
    ["a(); c();", 0],
    ["b(); b();", 2],
  ])("is refused in: %s", (text, times) => {
    expect(() => mutate(text, edit)).toThrow(
      `a.mutants.yaml: dropped: a.ts contains the text to replace ${times} times instead of once: b()`,
    );
  });

  it(
    "is refused in a file that isn't part of the app",
    async () => {
      const source = "packages/testkit/src/random.ts";
      const elsewhere = { ...edit, source, replace: "mulberry32", with: "none" };
      await expect(bundle(elsewhere, join(folder, "elsewhere"), "own code")).rejects.toThrow(
        `a.mutants.yaml: dropped: the bundle of gateway doesn't contain ${source}`,
      );
    },
    BUNDLE_TIMEOUT_MS,
  );
});

describe("what is shipped", () => {
  const shipped = globSync("apps/*/dist/**/*.js", { cwd: ROOT });

  it.skipIf(shipped.length === 0)("contains no mutant", () => {
    expect(shipped.filter((file) => readFileSync(join(ROOT, file), "utf8").includes(MARK))).toEqual([]);
  });
});

describe("a mutant is detected", () => {
  const says = /^lost: /;
  const verdict = check({ sends: [], observations: [], history: [], database: [] });
  const injection = { struck: 3, unit: "crashes", recoveryMs: 1_234, details: "" };
  const row = (result: Result): MutantRow => ({ mutant: { ...mutant, expected: "lost", says }, result });
  const completed = (...problems: string[]) => row({ kind: "completed", injection, verdict, problems });

  it("when the checker reports the expected violation, whatever else it reports", () => {
    const found = completed("unseen: 1", "lost: 17");
    expect(colorOf(found)).toBe("red");
    expect(mutantTable([found])).toContain(
      `| ${mutant.name} | ${mutant.breaks} | ${mutant.fault} | lost | red | lost: 17 |`,
    );
    expect(mutantSummary([found, completed()])).toBe("1 of 2 broken builds were detected");
    expect(areAllDetected([found])).toBe(true);
  });

  it.each<[MutantRow, string, string]>([
    [completed(), "NOT RED", "nothing"],
    [completed("unseen: 1"), "RED FOR ANOTHER REASON", "unseen: 1"],
    [
      row({ kind: "aborted", reason: "no cluster" }),
      "RED FOR ANOTHER REASON",
      "the trial was aborted: no cluster",
    ],
    [row({ kind: "not made", reason: "no faketime" }), "NOT RED", "no faketime"],
  ])("in no other case: %#", (other, color, reported) => {
    expect(areAllDetected([completed("lost: 17"), other])).toBe(false);
    expect(mutantTable([other])).toContain(`| ${color} | ${reported} |`);
  });
});
