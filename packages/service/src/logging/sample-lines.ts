import type { Logger, LoggerOptions } from "pino";
import { type LeftOut, LineSampler } from "./line-sampler.ts";

/**
 * Pino's numbers of levels. Lines below INFO are logged only if an operator asks for them, and then aren't limited.
 */
const INFO = 30;
const FATAL = 60;

type LogMethod = NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]>;

/**
 * Creates a hook for pino that logs at most `perSecond` lines of each kind, because a client can cause a line with
 * each request or frame (G5). A last line for each kind says how many were left out. The hook applies to every caller
 * of the logger, so no caller can be forgotten. Metrics still count every event.
 */
export function sampleLines(perSecond: number): LogMethod {
  const sampler = new LineSampler(perSecond);
  let timer: NodeJS.Timeout | undefined;
  let isReporting = false;

  function nextSecond(log: Logger): void {
    clearTimeout(timer);
    timer = undefined;
    isReporting = true;
    for (const leftOut of sampler.next(performance.now())) report(log, leftOut);
    isReporting = false;
  }

  return function logMethod(args, write, level) {
    const label = this.levels.labels[level] ?? "";
    if (isReporting || level < INFO || level >= FATAL) return write.apply(this, args);
    if (sampler.remainingMs(performance.now()) === 0) nextSecond(this);
    if (sampler.admits({ level: label, text: textOf(args) })) return write.apply(this, args);
    // Without a timer, the number of lines left out would be logged only before the next line.
    timer ??= setTimeout(() => nextSecond(this), sampler.remainingMs(performance.now())).unref();
  };
}

function report(log: Logger, { level, text, lines }: LeftOut): void {
  log[level as "info" | "warn" | "error"]({ text, lines }, "more lines of this kind were left out");
}

function textOf(args: readonly unknown[]): string {
  return args.find((arg): arg is string => typeof arg === "string") ?? "";
}
