import { ConfigError } from "../env/config-error.ts";
import { readEnv } from "../env/read.ts";
import { pick } from "../env/variables.ts";
import { oneLine } from "../logging/describe-error.ts";
import { createLogger, type Logger } from "../logging/logger.ts";
import { redactText } from "../logging/redact.ts";
import type { Close } from "./closers.ts";
import { Shutdown } from "./shutdown.ts";

export interface ServiceContext {
  readonly log: Logger;
  /** Aborted as soon as the process is to stop, before anything is closed. */
  readonly stopping: AbortSignal;
  /** Has `close` called, once, when the process stops: in reverse order of the calls of `defer`. */
  defer(name: string, close: Close): void;
}

/** From the signal to the end (P41). */
const DEADLINE_MS = 25_000;

/**
 * The frame of every main.ts. Calls `start`, and ends the process when SIGTERM or SIGINT comes, after everything
 * deferred has been closed: exit code 0, or 1 where something did not close well or in time, and at a second signal.
 * When `start` fails, each problem is one line on stderr and the exit code is 1. An error that nobody caught is
 * logged and ends the process at once with 1: its state is not known any more.
 */
export async function runService(
  name: string,
  start: (context: ServiceContext) => Promise<void> | void,
  { deadlineMs = DEADLINE_MS }: { readonly deadlineMs?: number } = {},
): Promise<void> {
  const level = logLevel();
  const log = createLogger({ name, level });
  const shutdown = new Shutdown(log, deadlineMs);
  const { stopping, closers } = shutdown;
  onEverySignal((signal) => shutdown.signalled(signal));
  onFatal(log);
  try {
    await start({ log, stopping, defer: (what, close) => closers.push(what, close) });
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

function onFatal(log: Logger): void {
  function fatal(err: unknown): void {
    try {
      log.fatal({ err }, "an error that nobody caught");
    } finally {
      process.exit(1);
    }
  }
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
}

/** One line a problem; a stack only for who asked for that much. */
function startProblems(error: unknown, level: string): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  const withStack = (level === "debug" || level === "trace") && error instanceof Error;
  return [`cannot start: ${oneLine(error)}`, ...(withStack ? [redactText(error.stack ?? "")] : [])];
}

/** A bad LOG_LEVEL is named by the app's own `readEnv`, together with what else is bad. */
function logLevel(): string {
  try {
    return readEnv(pick("LOG_LEVEL")).LOG_LEVEL;
  } catch {
    return "info";
  }
}
