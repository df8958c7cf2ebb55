import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import { describeError } from "./describe-error.ts";
import { redactText } from "./redact.ts";

export type { Logger } from "pino";

export interface LoggerOptions {
  readonly name: string;
  readonly level: string;
  /** Default: stdout, and for people where that is a terminal. */
  readonly destination?: DestinationStream | undefined;
}

/** Fields that nobody should log. The first line of defence is that nobody does. */
const SECRET_FIELDS = ["token", "authorization", "cookie", "password", "secret", "content", "body"];

/**
 * JSON lines, or lines for people on a terminal. Errors are one line; their stack shows at level debug. Fields with
 * a telling name are hidden, and so is, in any text, what looks like a token or a password in a URL.
 */
export function createLogger({ name, level, destination }: LoggerOptions): Logger {
  const withStack = level === "debug" || level === "trace";
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error, { withStack }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: "[redacted]",
      },
      hooks: { streamWrite: redactText },
    },
    destination ?? stdout(withStack),
  );
}

/** Written at once in both cases, so that the last line before an exit is there too. */
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

/** `: what went wrong (why)`, after the message. */
function errorText(err: unknown): string {
  if (typeof err !== "object" || err === null || !("message" in err)) return "";
  return `: ${err.message}${"cause" in err ? ` (${err.cause})` : ""}`;
}
