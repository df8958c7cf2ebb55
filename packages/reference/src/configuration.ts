import type { App } from "./apps.ts";

/**
 * docs/configuration.md has its words by hand and its tables from here: one stands between
 * `<!-- variables: PORT HOST -->` and `<!-- end -->`, with a row for each variable that is named, and one, of which app
 * reads what by which default, between `<!-- by app -->` and `<!-- end -->`.
 */
const TABLE = /<!-- (variables: ([A-Z_ ]+)|by app) -->\n[\s\S]*?<!-- end -->/g;

/** The text with its tables made anew. Throws where a variable that is read has no row, or two, or is read by nobody. */
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
    ...read.filter((name) => !named.includes(name)).map((name) => `${name} is read and has no row`),
    ...named.filter((name) => !read.includes(name)).map((name) => `${name} has a row and is read by nobody`),
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
        return reader === undefined ? "" : inShort(reader.default);
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

/** One where all have the same, else each with its readers. */
function defaultIn(readers: readonly Reader[]): string {
  const said = readers.filter((reader) => reader.default !== undefined);
  const groups = Object.entries(Object.groupBy(said, (reader) => shown(reader.default)));
  if (groups.length <= 1) return groups[0]?.[0] ?? "";
  return groups
    .map(([value, group = []]) => `${group.map(({ letter }) => letter).join(", ")}: ${value}`)
    .join("; ");
}

/** A value as code, words as words. */
function shown(text = ""): string {
  return isValue(text) ? `\`${text}\`` : text;
}

/** The same in a narrow column. */
function inShort(text: string | undefined): string {
  if (text === undefined) return "none";
  return isValue(text) ? shown(text) : "see above";
}

function isValue(text: string): boolean {
  return /^\S+$/.test(text);
}
