import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { check } from "../checker/checker.ts";
import { FAULTS } from "../faults/index.ts";
import type { Result } from "../runner/result.ts";
import { bundle, edited, MARK } from "./bundle.ts";
import { type BrokenRow, brokenSummaryOf, brokenTableOf, colourOf, foundOut } from "./mutant-table.ts";
import { BROKEN_BUILDS } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../../../..");
/** A bundle is a second's work, and more where others build too. */
const BUNDLED_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "parley-broken-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [build] = BROKEN_BUILDS;
if (!build) throw new Error("there is no broken build");

describe.each(BROKEN_BUILDS)("$name", (broken) => {
  it(
    "can be built from the source as it is now, and says what it is when it starts",
    async () => {
      const text = readFileSync(await bundle(broken, join(folder, broken.name)), "utf8");
      expect(text).toContain(`process.emitWarning("${MARK}: ${broken.name}")`);
    },
    BUNDLED_MS,
  );

  it("has a fault that must find it out", () => {
    expect(FAULTS.map(({ id }) => id)).toContain(broken.fault);
  });
});

describe("an edit", () => {
  const edit = { file: "a.ts", text: "b()", becomes: "$&" };

  it("is made where its text stands once, to the letter", () => {
    expect(edited("a(); b(); c();", edit)).toBe("a(); $&; c();");
  });

  it.each(["a(); c();", "b(); b();"])("is refused in: %s", (source) => {
    expect(() => edited(source, edit)).toThrow(/^a.ts has [02] times, not once, the text .* broken: b\(\)/);
  });

  it(
    "is refused in a file that the app does not hold",
    async () => {
      const edit = { file: "packages/chaos/src/runner/random.ts", text: "mulberry32", becomes: "none" };
      await expect(bundle({ ...build, name: "elsewhere", edit }, join(folder, "elsewhere"))).rejects.toThrow(
        /^elsewhere: gateway does not hold packages\/chaos\/src\/runner\/random.ts any more$/,
      );
    },
    BUNDLED_MS,
  );
});

describe("what is shipped", () => {
  const shipped = globSync("apps/*/dist/**/*.js", { cwd: ROOT });

  it.skipIf(shipped.length === 0)("holds nothing of a broken build", () => {
    expect(shipped.filter((file) => readFileSync(join(ROOT, file), "utf8").includes(MARK))).toEqual([]);
  });
});

describe("a broken build is found out", () => {
  const says = /^lost: /;
  const verdict = check({ sends: [], observations: [], history: [], database: [] });
  const strike = { struck: 3, of: "crashes", recoveryMs: 1_234, shown: "" };
  const row = (result: Result): BrokenRow => ({ build: { ...build, expected: "lost", says }, result });
  const made = (...problems: string[]) => row({ kind: "made", strike, verdict, problems });

  it("where the checker says what it does wrong, whatever else it says", () => {
    const found = made("unseen: 1", "lost: 17");
    expect(colourOf(found)).toBe("red");
    expect(brokenTableOf([found])).toContain(
      `| ${build.name} | ${build.breaks} | ${build.fault} | lost | red | lost: 17 |`,
    );
    expect(brokenSummaryOf([found, made()])).toBe("1 of 2 broken builds were found out");
    expect(foundOut([found])).toBe(true);
  });

  it.each<[BrokenRow, string, string]>([
    [made(), "NOT RED", "nothing"],
    [made("unseen: 1"), "RED FOR ANOTHER REASON", "unseen: 1"],
    [row({ kind: "broken", why: "no house" }), "RED FOR ANOTHER REASON", "the trial broke off: no house"],
    [row({ kind: "not made", why: "no faketime" }), "NOT RED", "no faketime"],
  ])("and nowhere else: %#", (other, colour, said) => {
    expect(foundOut([made("lost: 17"), other])).toBe(false);
    expect(brokenTableOf([other])).toContain(`| ${colour} | ${said} |`);
  });
});
