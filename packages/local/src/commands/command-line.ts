import { parseArgs } from "node:util";
import type { RootCommand } from "./commands.ts";

/** The result of parsing a command line. */
export type CommandLine =
  | { readonly kind: "run"; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly kind: "help" }
  /** `problem` names the argument that the command doesn't know. */
  | { readonly kind: "unknown"; readonly problem: string };

/** Parses the arguments of a command. Ignores `--`, which some versions of pnpm pass on. */
export function parseCommandLine(argv: readonly string[], { options = [] }: RootCommand): CommandLine {
  const args = argv.filter((argument) => argument !== "--");
  const known = Object.fromEntries(options.map((name) => [name, { type: "string" as const }]));
  try {
    const { values } = parseArgs({ args, options: { ...known, help: { type: "boolean", short: "h" } } });
    const { help, ...rest } = values as { help?: boolean } & Record<string, string | undefined>;
    return help ? { kind: "help" } : { kind: "run", values: rest };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: "unknown", problem: error.message.split(". ")[0] ?? "" };
  }
}
