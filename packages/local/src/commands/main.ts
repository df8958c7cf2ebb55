import { parseCommandLine } from "./command-line.ts";
import { COMMANDS } from "./commands.ts";

/** Runs a script of the root package.json: `node main.ts <script> [arguments]`. */
const [name = "", ...argv] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) throw new Error(`there is no command ${name}`);
const line = parseCommandLine(argv, command);
if (line.kind === "help") process.stdout.write(command.help);
else if (line.kind === "run") await command.run(line.values);
else {
  process.stderr.write(
    `${name}: ${line.problem}\n${" ".repeat(name.length + 2)}Run with --help for usage.\n`,
  );
  process.exitCode = 2;
}
