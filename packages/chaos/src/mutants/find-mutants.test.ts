import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findMutants } from "./find-mutants.ts";
import { mutantsFrom } from "./mutant.ts";

const FILE = "apps/gateway/src/a.mutants.yaml";
const FIELDS = {
  name: "no-dedupe",
  app: "gateway",
  breaks: "a gateway drops the ref (L5)",
  fault: "F8",
  expected: "duplicated",
  says: "^duplicated: ",
  replace: "a();\nb();",
  with: "",
};

/** JSON is YAML too. */
const yamlOf = (...entries: object[]) => JSON.stringify(entries);

describe("a file of mutants", () => {
  it("describes edits of the source of the same name", () => {
    expect(mutantsFrom(yamlOf(FIELDS), FILE)).toEqual([
      { ...FIELDS, says: /^duplicated: /, definedIn: FILE, source: "apps/gateway/src/a.ts" },
    ]);
  });

  it("keeps the lines of a block", () => {
    const { replace: _, ...rest } = FIELDS;
    const block = Object.entries(rest).map(([field, value]) => `  ${field}: ${JSON.stringify(value)}`);
    const text = ["-", ...block, "  replace: |-", "    a();", "      b();", ""].join("\n");
    expect(mutantsFrom(text, FILE)[0]?.replace).toBe("a();\n  b();");
  });

  it.each([
    [{ app: undefined }, "no-dedupe: app is missing"],
    [{ app: "standalone" }, "no-dedupe: app must be one of gateway, persister, history-api"],
    [{ name: "" }, ": name is empty"],
    [{ name: undefined }, "mutant 1: name is missing"],
    [{ breaks: 7 }, "no-dedupe: breaks must be a text"],
    [{ fault: undefined }, "no-dedupe: fault is missing"],
    [{ expected: undefined }, "no-dedupe: expected is missing"],
    [{ says: "(" }, "no-dedupe: says must be a regular expression: "],
    [{ replace: "" }, "no-dedupe: replace is empty"],
    [{ with: undefined }, "no-dedupe: with is missing"],
    [{ becomes: "x" }, "no-dedupe: becomes is unknown; the fields are name, app, "],
  ])("is refused with %o", (changes, problem) => {
    expect(() => mutantsFrom(yamlOf({ ...FIELDS, ...changes }), FILE)).toThrow(`${FILE}: ${problem}`);
  });

  it.each([
    ["", "must be a list of mutants"],
    ["[]", "must be a list of mutants"],
    ["name: x", "must be a list of mutants"],
    ["- name: [", "is not valid YAML: "],
    ["- just text", "mutant 1: app is missing"],
  ])("is refused as: %s", (text, problem) => {
    expect(() => mutantsFrom(text, FILE)).toThrow(`${FILE}: ${problem}`);
  });
});

describe("the mutants of a repository", () => {
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });

  function rootWith(files: Readonly<Record<string, string>>): string {
    const root = mkdtempSync(join(tmpdir(), "parley-mutants-"));
    roots.push(root);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  it("are found beside the sources of apps and packages, in the order of their paths", () => {
    const root = rootWith({
      "packages/bus/src/redis/live/b.mutants.yaml": yamlOf({ ...FIELDS, name: "third" }),
      "apps/gateway/src/z.mutants.yaml": yamlOf({ ...FIELDS, name: "second" }, { ...FIELDS, name: "first" }),
      "apps/gateway/dist/a.mutants.yaml": "not read",
      "docs/a.mutants.yaml": "not read",
    });
    expect(findMutants(root).map(({ name, source }) => [name, source])).toEqual([
      ["second", "apps/gateway/src/z.ts"],
      ["first", "apps/gateway/src/z.ts"],
      ["third", "packages/bus/src/redis/live/b.ts"],
    ]);
  });

  it("have different names", () => {
    const root = rootWith({ [FILE]: yamlOf(FIELDS), "packages/bus/src/b.mutants.yaml": yamlOf(FIELDS) });
    expect(() => findMutants(root)).toThrow(
      `packages/bus/src/b.mutants.yaml: no-dedupe: name is taken by a mutant in ${FILE}`,
    );
  });
});
