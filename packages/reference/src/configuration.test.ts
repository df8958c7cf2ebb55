import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { APPS, type App } from "./apps.ts";
import { withTables } from "./configuration.ts";

const committed = readFileSync(join(import.meta.dirname, "../../../docs/configuration.md"), "utf8");

const port = (byDefault: string) => ({ name: "PORT", description: "Where. One | two.", default: byDefault });
const SOME: readonly App[] = [
  {
    name: "one",
    letter: "O",
    variables: [port("80"), { name: "WHO", description: "Who.", default: undefined }],
  },
  { name: "two", letter: "T", variables: [port("81")] },
];
const text = (names: string) => `# Before\n\n<!-- variables: ${names} -->\nold\n<!-- end -->\n\nafter\n`;

describe("docs/configuration.md", () => {
  it("matches the schemas of the environment (to update it, run npx pnpm@12 run docs)", () => {
    expect(withTables(committed, APPS)).toBe(committed);
  });

  it("describes every variable", () => {
    for (const { variables } of APPS)
      for (const { name } of variables)
        expect(committed).toMatch(new RegExp(`^\\| \`${name}\` \\|.*[.] \\|$`, "m"));
  });
});

it("every variable that holds a secret can be in a file", () => {
  const names = APPS.flatMap(({ variables }) => variables.map(({ name }) => name));
  const secrets = names.filter((name) => /(SECRET|PASSWORD|TOKEN|_KEY)$|^(REDIS|MONGO)_URL$/.test(name));
  expect(secrets).toEqual(expect.arrayContaining(["JWT_SECRET", "REDIS_URL", "MONGO_URL", "PARLEY_TOKEN"]));
  expect(names).toEqual(expect.arrayContaining(secrets.map((name) => `${name}_FILE`)));
});

describe("a table", () => {
  it("has a row for each variable, with its readers and their defaults, and keeps the text around it", () => {
    expect(withTables(text("WHO PORT"), SOME)).toBe(`# Before

<!-- variables: WHO PORT -->
| variable | default | read by | meaning |
| --- | --- | --- | --- |
| \`WHO\` |  | O | Who. |
| \`PORT\` | O: \`80\`; T: \`81\` | O T | Where. One \\| two. |
<!-- end -->

after
`);
  });

  it("by app has each app's default, and an empty cell for an app that doesn't read the variable", () => {
    const both = `${text("PORT WHO")}<!-- by app -->\n<!-- end -->`;
    expect(withTables(both, SOME)).toContain(`<!-- by app -->
|  | one | two |
| --- | --- | --- |
| \`PORT\` | \`80\` | \`81\` |
| \`WHO\` | none |  |
<!-- end -->`);
  });

  it.each([
    ["PORT", "WHO is read but has no row"],
    ["PORT WHO NEW", "NEW has a row but no app reads it"],
    ["PORT WHO PORT", "PORT has two rows"],
  ])("of %s is refused: %s", (names, problem) => {
    expect(() => withTables(text(names), SOME)).toThrow(problem);
  });
});
