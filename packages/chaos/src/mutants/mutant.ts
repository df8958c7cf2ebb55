import type { AppName } from "@parley/local";
import { parse } from "yaml";

/**
 * A build that breaks one promise on purpose. Its trial shows that the checker detects the broken promise. The
 * product has no switch for mutants: the edit is applied while the app is bundled.
 */
export interface Mutant {
  readonly name: string;
  /** The app that is built with the edit. All other apps of the cluster run as they are shipped. */
  readonly app: AppName;
  /** The wrong behavior, and the rule that it breaks. */
  readonly breaks: string;
  /**
   * Id of the fault under which the checker must report the mutant, or `soak` for a short soak without faults, or
   * `upgrade` for an upgrade from the mutant to the shipped build.
   */
  readonly fault: string;
  /** The violation that must be reported, in words for the table. */
  readonly expected: string;
  /** Matches the line that reports this violation. No other violation counts. */
  readonly says: RegExp;
  /** Path of the file that defines the mutant. This path and `source` start at the repository's root. */
  readonly definedIn: string;
  /** Path of the file that is edited. */
  readonly source: string;
  /** Text that `with` replaces. The source must contain it exactly once. */
  readonly replace: string;
  readonly with: string;
}

export const MUTANTS_SUFFIX = ".mutants.yaml";

/** The apps of a cluster. A mutant of another app would never run. */
const APPS: readonly AppName[] = ["gateway", "persister", "history-api"];
const FIELDS = ["name", "app", "breaks", "fault", "expected", "says", "replace", "with"] as const;

type Field = (typeof FIELDS)[number];

/**
 * Reads the mutants from the text of one file. `definedIn` is the path of that file from the repository's root.
 * Throws an error that names the file, the mutant and the field.
 */
export function mutantsFrom(text: string, definedIn: string): Mutant[] {
  const list = yamlFrom(text, definedIn);
  if (!Array.isArray(list) || list.length === 0) throw new Error(`${definedIn}: must be a list of mutants`);
  return list.map((entry: unknown, index) => mutantFrom(entry, definedIn, index + 1));
}

function mutantFrom(entry: unknown, definedIn: string, number: number): Mutant {
  const fields: Readonly<Record<string, unknown>> = typeof entry === "object" && entry ? { ...entry } : {};
  const name = typeof fields.name === "string" ? fields.name : `mutant ${number}`;
  const fail = (field: string, problem: string): never => {
    throw new Error(`${definedIn}: ${name}: ${field} ${problem}`);
  };
  const textOf = (field: Field, isEmptyAllowed = false): string => {
    const value = fields[field];
    if (typeof value !== "string") return fail(field, value === undefined ? "is missing" : "must be a text");
    return value !== "" || isEmptyAllowed ? value : fail(field, "is empty");
  };
  const known: readonly string[] = FIELDS;
  for (const field of Object.keys(fields))
    if (!known.includes(field)) fail(field, `is unknown; the fields are ${FIELDS.join(", ")}`);
  const app = textOf("app");
  return {
    name: textOf("name"),
    app: APPS.find((each) => each === app) ?? fail("app", `must be one of ${APPS.join(", ")}`),
    breaks: textOf("breaks"),
    fault: textOf("fault"),
    expected: textOf("expected"),
    says: patternFrom(textOf("says"), (problem) => fail("says", problem)),
    definedIn,
    source: `${definedIn.slice(0, -MUTANTS_SUFFIX.length)}.ts`,
    replace: textOf("replace"),
    with: textOf("with", true),
  };
}

function yamlFrom(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${file}: is not valid YAML: ${messageOf(error)}`, { cause: error });
  }
}

function patternFrom(text: string, fail: (problem: string) => never): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    return fail(`must be a regular expression: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
