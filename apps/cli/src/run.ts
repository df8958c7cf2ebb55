import { type Command, CommanderError } from "commander";
import { printableLines } from "./terminal/escape.ts";
import { EXIT, failureOf } from "./terminal/failure.ts";
import { Ended, type Io, openIo, styled } from "./terminal/io.ts";

/**
 * Runs the command that the command line names, and ends the process with its exit code. A closed pipe is no error,
 * nor is Ctrl-C where it is the way to end (`tail`, `chat`).
 */
export async function run(process: NodeJS.Process, program: (io: Io) => Command): Promise<never> {
  const io = openIo(process);
  const code = await exitCodeOf(io, async () => {
    await program(io).parseAsync(process.argv);
  });
  if (!io.ended.aborted) await new Promise((resolve) => process.stdout.write("", resolve));
  // A WebSocket whose other side is silent would keep the process alive.
  process.exit(code);
}

async function exitCodeOf(io: Io, command: () => Promise<void>): Promise<number> {
  try {
    await command();
    return EXIT.ok;
  } catch (error) {
    const { reason } = io.ended;
    if (reason instanceof Ended) return reason.how === "signal" ? EXIT.interrupted : EXIT.ok;
    // commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return tell(io, error);
  }
}

/** Says on standard error what went wrong; the exit code for it. */
function tell(io: Io, error: unknown): number {
  const failure = failureOf(error);
  if (!failure) {
    // A fault of this program: where it is helps to mend it.
    io.note(`parley: ${error instanceof Error ? error.stack : String(error)}`);
    return EXIT.failed;
  }
  const [first, indent] = ["parley: ", "        "];
  io.note(styled("red", `${first}${printableLines(failure.message, indent)}`, process.stderr));
  if (failure.hint !== undefined) io.note(`${indent}${printableLines(failure.hint, indent)}`);
  return failure.exitCode;
}
