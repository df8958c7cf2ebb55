import { type Command, CommanderError } from "commander";
import { escapeLines } from "./terminal/escape.ts";
import { EXIT, toFailure } from "./terminal/failure.ts";
import { Ended, type Io, openIo, styled } from "./terminal/io.ts";

/**
 * Runs the command that the command line names, and ends the process with its exit code. A closed pipe isn't an
 * error, and neither is Ctrl-C in a command that has no other end (`tail`, `chat`).
 */
export async function run(process: NodeJS.Process, createProgram: (io: Io) => Command): Promise<never> {
  const io = openIo(process);
  const code = await exitCodeOf(io, async () => {
    await createProgram(io).parseAsync(process.argv);
  });
  if (!io.ended.aborted) await new Promise((resolve) => process.stdout.write("", resolve));
  // Exits explicitly, because a WebSocket with a dead link would keep the process alive.
  process.exit(code);
}

async function exitCodeOf(io: Io, command: () => Promise<void>): Promise<number> {
  try {
    await command();
    return EXIT.ok;
  } catch (error) {
    const { reason } = io.ended;
    if (reason instanceof Ended) return reason.cause === "signal" ? EXIT.interrupted : EXIT.ok;
    // commander has printed the error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(io, error);
  }
}

/** Prints an error to standard error and returns its exit code. */
function reportError(io: Io, error: unknown): number {
  const failure = toFailure(error);
  if (!failure) {
    // A bug in this program: the stack helps to fix it.
    io.note(`parley: ${escapeLines(String(error instanceof Error ? error.stack : error), "")}`);
    return EXIT.failed;
  }
  const [first, indent] = ["parley: ", "        "];
  io.note(styled("red", `${first}${escapeLines(failure.message, indent)}`, process.stderr));
  if (failure.hint !== undefined) io.note(`${indent}${escapeLines(failure.hint, indent)}`);
  return failure.exitCode;
}
