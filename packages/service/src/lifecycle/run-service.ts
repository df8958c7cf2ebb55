import { flushCompileCache } from "node:module";
import { ConfigError } from "../env/config-error.ts";
import { readEnv } from "../env/read.ts";
import { pick } from "../env/variables.ts";
import { captureConsole } from "../logging/capture-console.ts";
import { oneLine } from "../logging/describe-error.ts";
import { createLogger, type Logger } from "../logging/logger.ts";
import { redactText } from "../logging/redact.ts";
import type { Close } from "./closers.ts";
import { Shutdown } from "./shutdown.ts";

/** Passed to `start` by `runService`. */
export interface ServiceContext {
  readonly log: Logger;
  /** Aborted when the process begins to stop, before anything is closed. */
  readonly stopping: AbortSignal;
  /** Registers `close`, which is called once when the process stops, in reverse order of registration. */
  defer(name: string, close: Close): void;
}

/** Maximum time from the signal to the exit (P41). */
const DEADLINE_MS = 25_000;

/**
 * Runs a process: every main.ts calls it (P41).
 *
 * - Calls `start`. If it fails, writes each problem as one line to stderr and exits with 1.
 * - On SIGTERM or SIGINT closes everything that was deferred, then exits with 0, or with 1 if a close failed or
 *   `deadlineMs` passed. A second signal exits with 1 at once.
 * - Logs an uncaught error and exits with 1 at once, because the state of the process is unknown.
 * - Logs what libraries and Node print, so that standard output has only log lines.
 * - Stores the compiled code once it has started, if NODE_COMPILE_CACHE is set. A process that is killed later could not.
 */
export async function runService(
  name: string,
  start: (context: ServiceContext) => Promise<void> | void,
  { deadlineMs = DEADLINE_MS }: { readonly deadlineMs?: number } = {},
): Promise<void> {
  const { level, linesPerSecond } = loggerSettings();
  const log = createLogger({ name, level, linesPerSecond });
  const shutdown = new Shutdown(log, deadlineMs);
  const { stopping, closers } = shutdown;
  onEverySignal((signal) => shutdown.handleSignal(signal));
  exitOnUncaughtErrors(log);
  captureConsole(log);
  try {
    await start({ log, stopping, defer: (what, close) => closers.push(what, close) });
    flushCompileCache();
  } catch (error) {
    if (stopping.aborted) return log.debug({ err: error }, "stopped while starting");
    for (const line of startProblems(error, level)) process.stderr.write(`${name}: ${line}\n`);
    await shutdown.closeAll();
    process.exit(1);
  }
}

function onEverySignal(listener: (signal: NodeJS.Signals) => void): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, listener);
}

function exitOnUncaughtErrors(log: Logger): void {
  function fatal(err: unknown): void {
    try {
      log.fatal({ err }, "uncaught error");
    } finally {
      process.exit(1);
    }
  }
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
}

/** Returns one line for each problem. A stack follows only at log level debug or trace. */
function startProblems(error: unknown, level: string): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  const withStack = (level === "debug" || level === "trace") && error instanceof Error;
  return [`cannot start: ${oneLine(error)}`, ...(withStack ? [redactText(error.stack ?? "")] : [])];
}

/** Ignores invalid values: the app's own `readEnv` reports them together with the other problems. */
function loggerSettings(): { readonly level: string; readonly linesPerSecond: number } {
  try {
    const { LOG_LEVEL, LOG_LINES_PER_SECOND } = readEnv(pick("LOG_LEVEL", "LOG_LINES_PER_SECOND"));
    return { level: LOG_LEVEL, linesPerSecond: LOG_LINES_PER_SECOND };
  } catch {
    return { level: "info", linesPerSecond: 20 };
  }
}
