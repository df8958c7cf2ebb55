import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Guard, startGuard } from "./guard.ts";

/**
 * A child process that never outlives its parent (see guard.ts). The child runs in its own process group, so signals
 * reach it through any wrapper (`sh -c`, faketime). Ctrl-C in the terminal doesn't reach it: the parent controls the
 * order in which processes stop.
 */
export interface Child {
  readonly pid: number;
  /** Standard output and standard error together, at most the last 64 Ki characters. */
  output(): string;
  /** Resolves once the process has exited and its output has been read. */
  readonly exited: Promise<Exit>;
  /** The value of `exited`, or undefined while the process runs. */
  readonly exit: Exit | undefined;
  /**
   * Signals the process and all its children, and resolves at once. For SIGKILL, resolves once the process has
   * exited.
   */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Sends SIGTERM, then SIGCONT to wake a frozen process, and SIGKILL after the deadline. Resolves on exit. */
  stop(deadlineMs?: number): Promise<Exit>;
  /** Resolves once the output matches. Rejects with the output if the process exits or the time runs out first. */
  printed(pattern: RegExp, timeoutMs: number): Promise<void>;
}

/** Receives a line of a child's output. */
export type OnLine = (line: string, stream: "stdout" | "stderr") => void;

/** Exit status of a process: `code`, or `signal` if a signal ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Options of `startChild`. */
export interface ChildOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** The complete environment of the child. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The guard to use, if consecutive children use the same one. By default each child has its own guard. */
  readonly guard?: Guard;
  /** Called with each complete line that the child prints. */
  readonly onLine?: OnLine;
}

const OUTPUT_LIMIT = 64 * 1024;
const STOP_DEADLINE_MS = 10_000;

/** Starts a process. Rejects if the command can't be started. */
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
  const { onLine } = options;
  if (onLine)
    for (const name of ["stdout", "stderr"] as const) onLines(process[name], (line) => onLine(line, name));
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
    // ESRCH: the process has already exited. `exited` reports that.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Keeps the end of a process' output and notifies waiters of new output. */
class OutputTail {
  text = "";
  readonly #checks = new Set<() => void>();

  constructor(process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => this.#add(chunk));
    }
  }

  #add(chunk: string): void {
    this.text = (this.text + chunk).slice(-OUTPUT_LIMIT);
    for (const check of this.#checks) check();
  }

  async printed(pattern: RegExp, timeoutMs: number, exited: Promise<Exit>): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    const check = (): void => {
      if (pattern.test(this.text)) outcome.resolve();
    };
    const fail = (reason: string): void => {
      outcome.reject(new Error(`${reason} before printing ${pattern}; output:\n${this.text.trimEnd()}`));
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    void exited.then(({ code, signal }) => fail(`exited with ${signal ?? code}`));
    this.#checks.add(check);
    check();
    await outcome.promise.finally(() => {
      clearTimeout(timer);
      this.#checks.delete(check);
    });
  }
}
