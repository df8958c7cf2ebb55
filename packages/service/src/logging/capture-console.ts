import { oneLine } from "./describe-error.ts";
import type { Logger } from "./logger.ts";

const LEVELS = {
  error: "error",
  warn: "warn",
  trace: "warn",
  log: "info",
  info: "info",
  dir: "info",
  table: "info",
  debug: "debug",
} as const;

/**
 * Sends everything that libraries and Node itself print to the log, so that every line of the process has the log's form
 * and the limits of its lines. Drops objects from the text, because they could hold contents or secrets.
 */
export function captureConsole(log: Logger): void {
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, "info"][]) {
    const print = (...args: readonly unknown[]) =>
      log[level]({ text: args.map(oneLine).join(" ") }, "a library printed a text");
    console[method] = print;
  }
  // Node's own listener prints the warnings.
  process.removeAllListeners("warning");
  process.on("warning", (err) => log.warn({ err }, "Node.js warns"));
}
