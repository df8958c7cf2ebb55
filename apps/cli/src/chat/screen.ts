import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import type { Io } from "../terminal/io.ts";

/** A place to type, and lines above it. Without a terminal: lines in, lines out, and no prompt. */
export interface Screen {
  /** What was typed, line by line, until there is no more. */
  readonly lines: AsyncIterable<string>;
  /** A line above what is being typed, which stays as it is. */
  show(text: string): void;
  /** As `show`, of how things stand and not of what was said. Without a terminal it goes to standard error. */
  tell(text: string): void;
  /** Shows another prompt, and what is being typed behind it. */
  prompt(text: string): void;
  /** No more lines come. */
  close(): void;
}

export function openScreen(io: Io): Screen {
  return io.stdin.isTTY && io.stdout.isTTY ? terminal(io) : pipes(io);
}

function pipes(io: Io): Screen {
  const readline = createInterface({ input: io.stdin, terminal: false });
  return {
    lines: readline,
    show: (text) => io.print(text),
    tell: (text) => io.note(text),
    prompt: () => undefined,
    close: () => readline.close(),
  };
}

function terminal(io: Io): Screen {
  const { stdin: input, stdout: output } = io;
  const readline = createInterface({ input, output, terminal: true });
  // In a terminal that is read key by key, Ctrl-C is a key.
  readline.on("SIGINT", () => readline.close());
  const show = (text: string): void => above(readline, output, text);
  return {
    lines: withoutWhatWasTyped(readline, output),
    show,
    tell: show,
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
 * Writes lines above the one being typed. readline goes up by as many rows as the cursor stood below the prompt when
 * it draws again, so as many are made for it.
 */
function above(readline: Interface, output: NodeJS.WriteStream, text: string): void {
  const { rows } = readline.getCursorPos();
  moveCursor(output, 0, -rows);
  cursorTo(output, 0);
  clearScreenDown(output);
  output.write(`${text}\n${"\n".repeat(rows)}`);
  readline.prompt(true);
}

/** A line that was sent comes back from the log as everybody sees it, so what was typed is taken away. */
async function* withoutWhatWasTyped(readline: Interface, output: NodeJS.WriteStream): AsyncGenerator<string> {
  for await (const line of readline) {
    // Only where it surely took one row, a wide character taking two columns.
    if ((readline.getPrompt().length + line.length) * 2 < output.columns) {
      moveCursor(output, 0, -1);
      clearScreenDown(output);
    }
    readline.prompt();
    yield line;
  }
}
