import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import type { Io } from "../terminal/io.ts";

/** The input line with a prompt, and output above it. Without a terminal it reads and writes plain lines. */
export interface Screen {
  /** The lines that are typed, until the end of input. */
  readonly lines: AsyncIterable<string>;
  /** Prints a message above the input line, which stays as it is. */
  show(text: string): void;
  /** Prints a notice above the input line, or to standard error if there is no terminal. */
  notify(text: string): void;
  /** Changes the prompt, and keeps the text typed after it. */
  prompt(text: string): void;
  /** Ends the input. */
  close(): void;
}

export function openScreen(io: Io): Screen {
  return io.stdin.isTTY && io.stdout.isTTY ? openTerminal(io) : openPipes(io);
}

function openPipes(io: Io): Screen {
  const readline = createInterface({ input: io.stdin, terminal: false });
  return {
    lines: readline,
    show: (text) => io.print(text),
    notify: (text) => io.note(text),
    prompt: () => undefined,
    close: () => readline.close(),
  };
}

function openTerminal(io: Io): Screen {
  const { stdin: input, stdout: output } = io;
  const readline = createInterface({ input, output, terminal: true });
  // readline puts the terminal into raw mode, in which Ctrl-C is a key and not a signal.
  readline.on("SIGINT", () => readline.close());
  const show = (text: string): void => printAbove(readline, output, text);
  return {
    lines: linesErasingInput(readline, output),
    show,
    notify: show,
    prompt: (text) => {
      if (text === readline.getPrompt()) return;
      readline.setPrompt(text);
      readline.prompt(true);
    },
    close: () => {
      readline.close();
      output.write("\n");
    },
  };
}

/**
 * Prints lines above the input line. To draw the prompt again, readline first moves up to the prompt's first row. If
 * the cursor was `rows` rows below that row, it moves up by `rows`. Therefore as many empty rows are printed first.
 */
function printAbove(readline: Interface, output: NodeJS.WriteStream, text: string): void {
  const { rows } = readline.getCursorPos();
  moveCursor(output, 0, -rows);
  cursorTo(output, 0);
  clearScreenDown(output);
  output.write(`${text}\n${"\n".repeat(rows)}`);
  readline.prompt(true);
}

/**
 * Yields typed lines and erases each from the screen, because a sent message is shown when it arrives from the log.
 */
async function* linesErasingInput(readline: Interface, output: NodeJS.WriteStream): AsyncGenerator<string> {
  for await (const line of readline) {
    // Erases the line only if it certainly fits one row. A wide character takes two columns, so each counts twice.
    if ((readline.getPrompt().length + line.length) * 2 < output.columns) {
      moveCursor(output, 0, -1);
      clearScreenDown(output);
    }
    readline.prompt();
    yield line;
  }
}
