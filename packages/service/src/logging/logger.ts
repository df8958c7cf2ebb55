import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import { describeError } from "./describe-error.ts";
import { redactText } from "./redact.ts";
import { sampleLines } from "./sample-lines.ts";

export type { Logger } from "pino";

/** Options of `createLogger`. */
export interface LoggerOptions {
  readonly name: string;
  readonly level: string;
  /** Lines of one kind that are logged per second, see `sampleLines`. Default: all. */
  readonly linesPerSecond?: number | undefined;
  /** Default: stdout, formatted for reading if it is a terminal. */
  readonly destination?: DestinationStream | undefined;
}

/** Fields hidden in every log line, in case code logs one by mistake. */
const SECRET_FIELDS = ["token", "authorization", "cookie", "password", "secret", "content", "body"];

/** The fields that pino writes itself, in every line. */
const RESERVED_FIELDS = ["level", "time", "pid", "hostname", "name", "msg"];

/**
 * Creates a logger that writes JSON lines, or readable lines on a terminal. An error takes one line; its stack is
 * added at levels debug and trace. Lines that clients can cause any number of times are limited. Fields such as
 * `token` are hidden, and so are tokens and passwords in any text.
 */
export function createLogger({ name, level, linesPerSecond, destination }: LoggerOptions): Logger {
  const withStack = level === "debug" || level === "trace";
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: renameReservedFields },
      serializers: { err: (error: unknown) => describeError(error, { withStack }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: "[redacted]",
      },
      hooks: {
        streamWrite: redactText,
        ...(linesPerSecond !== undefined && { logMethod: sampleLines(linesPerSecond) }),
      },
    },
    destination ?? stdout(withStack),
  );
}

/** Renames fields that pino writes itself, because it would write the name twice: `pid` becomes `pid_`. */
function renameReservedFields(fields: Record<string, unknown>): Record<string, unknown> {
  if (!RESERVED_FIELDS.some((name) => name in fields)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      RESERVED_FIELDS.includes(name) ? `${name}_` : name,
      value,
    ]),
  );
}

/** Writes synchronously to stdout, so that the last line before an exit isn't lost. */
function stdout(withStack: boolean): DestinationStream {
  if (!process.stdout.isTTY) return pino.destination({ fd: 1, sync: true });
  const pretty = prettyFactory({
    ignore: withStack ? "pid,hostname" : "pid,hostname,err",
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    messageFormat: (line, messageKey) => `${line[messageKey] ?? ""}${errorText(line.err)}`,
  });
  return { write: (line) => void process.stdout.write(pretty(line)) };
}

/** Returns `: error message (cause)`, to append to the log message. */
function errorText(err: unknown): string {
  if (typeof err !== "object" || err === null || !("message" in err)) return "";
  return `: ${err.message}${"cause" in err ? ` (${err.cause})` : ""}`;
}
