import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Guard, startGuard } from "./guard.ts";

/**
 * A child process that never outlives its parent (see guard.ts). It has a process group of its own, so that a signal
 * reaches it through any wrapper (`sh -c`, faketime) and Ctrl-C in the terminal does not: the parent decides in what
 * order things stop.
 */
export interface Child {
  readonly pid: number;
  /** Standard output and standard error together, the last 64 Ki characters. */
  output(): string;
  /** Settles once the process is gone and its output has been read. */
  readonly exited: Promise<Exit>;
  /** What `exited` settled with, or undefined while the process lives. */
  readonly exit: Exit | undefined;
  /** Sends a signal to the process and all its children. SIGKILL: resolves once it is gone; others at once. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM (and SIGCONT, in case it is frozen), after the deadline SIGKILL. Resolves once it is gone. */
  stop(deadlineMs?: number): Promise<Exit>;
  /** Resolves once the output matches; rejects with the output where the process ends or the time is over first. */
  printed(pattern: RegExp, timeoutMs: number): Promise<void>;
}

/** How a process ended: `code` or, where a signal ended it, `signal`. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the child. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A guard that outlives this process, for who starts another after it; else it has one of its own. */
  readonly guard?: Guard;
  /** Called with each whole line that it prints. */
  readonly onLine?: (line: string) => void;
}

const OUTPUT_LIMIT = 64 * 1024;
const STOP_DEADLINE_MS = 10_000;

/** Starts a process. Rejects where the command cannot be started at all. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const process = spawn(options.command, options.args ?? [], {
    env: options.env,
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await once(process, "spawn");
  const { pid } = process;
  if (pid === undefined) throw new Error(`${options.command} has no process id`);
  const guard = options.guard ?? startGuard();
  guard.watch(pid);
  const tail = new OutputTail(process);
  if (options.onLine) for (const stream of [process.stdout, process.stderr]) onLines(stream, options.onLine);
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    process.once("close", (code, signal) => {
      if (options.guard) guard.forget();
      else guard.end();
      exit = { code, signal };
      resolve(exit);
    });
  });
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (exit !== undefined) return;
    signalGroup(pid, signal);
    if (signal === "SIGKILL") await exited;
  };
  return {
    pid,
    output: () => tail.text,
    exited,
    get exit() {
      return exit;
    },
    kill,
    async stop(deadlineMs = STOP_DEADLINE_MS) {
      const overdue = setTimeout(() => void kill("SIGKILL"), deadlineMs);
      await kill("SIGTERM");
      await kill("SIGCONT");
      return exited.finally(() => clearTimeout(overdue));
    },
    printed: (pattern, timeoutMs) => tail.printed(pattern, timeoutMs, exited),
  };
}

function onLines(stream: Readable, listener: (line: string) => void): void {
  createInterface({ input: stream }).on("line", listener);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already: what the caller wanted, or what `exited` is about to say.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The last part of what a process printed, and those who wait for a line of it. */
class OutputTail {
  text = "";
  readonly #waiting = new Set<() => void>();

  constructor(process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => this.#add(chunk));
    }
  }

  #add(chunk: string): void {
    this.text = (this.text + chunk).slice(-OUTPUT_LIMIT);
    for (const check of this.#waiting) check();
  }

  async printed(pattern: RegExp, timeoutMs: number, exited: Promise<Exit>): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    const check = (): void => {
      if (pattern.test(this.text)) outcome.resolve();
    };
    const fail = (what: string): void => {
      outcome.reject(new Error(`${what} before printing ${pattern}; it printed:\n${this.text.trimEnd()}`));
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    void exited.then(({ code, signal }) => fail(`exited with ${signal ?? code}`));
    this.#waiting.add(check);
    check();
    await outcome.promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(check);
    });
  }
}
