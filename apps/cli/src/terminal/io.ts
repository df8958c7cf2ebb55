import { styleText } from "node:util";
import { EXIT } from "./failure.ts";

/** How a command talks to whoever started it. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** One line, or lines, on standard output: what the command is for. `written` is called once they are handed on. */
  print(text: string, written?: () => void): void;
  /** A line on standard error, for people: how things stand, what is waited for. */
  note(text: string): void;
  /** Aborted at Ctrl-C or SIGTERM, and when nobody reads standard output any more: the command ends itself then. */
  readonly ended: AbortSignal;
}

/** Why a command was ended from outside. */
export class Ended {
  readonly how: "signal" | "pipe closed";

  constructor(how: "signal" | "pipe closed") {
    this.how = how;
  }
}

/**
 * Standard streams and signals as a command sees them. Written lines are handed to the system at once (pipes and files
 * are written synchronously), so a slow reader slows the command and nothing gathers in memory. A second signal ends
 * the process at once.
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
  // Nobody is there to be told.
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

/** Coloured where the stream is a terminal and NO_COLOR is not set. The text has been made printable before. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}
