import { styleText } from "node:util";
import { EXIT } from "./failure.ts";

/** The standard streams and signals, as a command uses them. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Writes a command's result, one line or several, to standard output. Calls `written` once the text is written. */
  print(text: string, written?: () => void): void;
  /** Writes a line for people to standard error: progress, states and hints. */
  note(text: string): void;
  /** Aborted by Ctrl-C or SIGTERM, or when the reader of standard output is gone. The command then ends itself. */
  readonly ended: AbortSignal;
}

/** The reason with which `Io.ended` is aborted. */
export class Ended {
  readonly cause: "signal" | "pipe closed";

  constructor(cause: "signal" | "pipe closed") {
    this.cause = cause;
  }
}

/**
 * Opens the standard streams. Output to pipes and files is written synchronously, so a slow reader slows the command
 * down and nothing accumulates in memory. A second signal ends the process at once.
 */
export function openIo({ stdin, stdout, stderr }: NodeJS.Process): Io {
  const ending = new AbortController();
  const onSignal = (): void => {
    if (ending.signal.aborted) process.exit(EXIT.interrupted);
    ending.abort(new Ended("signal"));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    ending.abort(new Ended("pipe closed"));
  });
  // Ignored: nobody reads standard error, so the error can't be reported.
  stderr.on("error", () => undefined);
  return {
    stdin,
    stdout,
    print: (text, written) => {
      stdout.write(`${text}\n`, (error) => {
        if (!error) written?.();
      });
    },
    note: (text) => void stderr.write(`${text}\n`),
    ended: ending.signal,
  };
}

type Style = Parameters<typeof styleText>[0];

/** Colours a text if the stream is a terminal and NO_COLOR isn't set. The caller escapes the text first. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}
