import type { App } from "./apps.ts";

/**
 * Matches the generated tables in docs/configuration.md; the text around them is written by hand. A table between
 * `<!-- variables: PORT HOST -->` and `<!-- end -->` has a row for each named variable. The table between
 * `<!-- by app -->` and `<!-- end -->` shows which app reads each variable, with its default.
 */
const TABLE = /<!-- (variables: ([A-Z_ ]+)|by app) -->\n[\s\S]*?<!-- end -->/g;

/**
 * Regenerates the tables in the text. Throws unless they have exactly one row for each variable that an app reads,
 * and no other rows.
 */
export function withTables(text: string, apps: readonly App[]): string {
  const named = [...text.matchAll(TABLE)].flatMap(([, , names]) => names?.split(" ") ?? []);
  assertSame(named, [...new Set(apps.flatMap(({ variables }) => variables.map(({ name }) => name)))]);
  return text.replaceAll(TABLE, (_, what: string, names: string | undefined) => {
    const rows = names === undefined ? byApp(named, apps) : variables(names.split(" "), apps);
    return `<!-- ${what} -->\n${rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("")}<!-- end -->`;
  });
}

function assertSame(named: readonly string[], read: readonly string[]): void {
  const problems = [
    ...read.filter((name) => !named.includes(name)).map((name) => `${name} is read but has no row`),
    ...named.filter((name) => !read.includes(name)).map((name) => `${name} has a row but no app reads it`),
    ...named.filter((name, at) => named.indexOf(name) < at).map((name) => `${name} has two rows`),
  ];
  if (problems.length > 0) throw new Error(`docs/configuration.md: ${problems.join("; ")}`);
}

function variables(names: readonly string[], apps: readonly App[]): string[][] {
  return [
    ["variable", "default", "read by", "meaning"],
    ["---", "---", "---", "---"],
    ...names.map((name) => {
      const readers = readersOf(name, apps);
      const letters = readers.map(({ letter }) => letter).join(" ");
      const meaning = readers.find(({ description }) => description !== "")?.description ?? "";
      return [`\`${name}\``, defaultIn(readers), letters, meaning.replaceAll("|", "\\|")];
    }),
  ];
}

function byApp(names: readonly string[], apps: readonly App[]): string[][] {
  return [
    ["", ...apps.map(({ name }) => name)],
    ["---", ...apps.map(() => "---")],
    ...names.map((name) => [
      `\`${name}\``,
      ...apps.map((app) => {
        const [reader] = readersOf(name, [app]);
        return reader === undefined ? "" : shortDefault(reader.default);
      }),
    ]),
  ];
}

type Reader = App["variables"][number] & Pick<App, "letter">;

function readersOf(name: string, apps: readonly App[]): Reader[] {
  return apps.flatMap(({ letter, variables }) =>
    variables.filter((variable) => variable.name === name).map((variable) => ({ ...variable, letter })),
  );
}

/** Returns the default if it is the same for all readers, otherwise each default with the letters of its readers. */
function defaultIn(readers: readonly Reader[]): string {
  const withDefault = readers.filter((reader) => reader.default !== undefined);
  const groups = Object.entries(Object.groupBy(withDefault, (reader) => formatDefault(reader.default)));
  if (groups.length <= 1) return groups[0]?.[0] ?? "";
  return groups
    .map(([value, group = []]) => `${group.map(({ letter }) => letter).join(", ")}: ${value}`)
    .join("; ");
}

/** Formats a value as code, and leaves words as they are. */
function formatDefault(text = ""): string {
  return isValue(text) ? `\`${text}\`` : text;
}

/** Formats a default for a narrow column. */
function shortDefault(text: string | undefined): string {
  if (text === undefined) return "none";
  return isValue(text) ? formatDefault(text) : "see above";
}

function isValue(text: string): boolean {
  return /^\S+$/.test(text);
}
