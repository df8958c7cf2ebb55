import { ParleyError } from "@parley/client";
import { ConfigError } from "@parley/service/env";

/** The exit codes. --help and docs/cli.md list them. */
export const EXIT = {
  ok: 0,
  /** Any failure without its own exit code, and a command whose outcome is unknown. */
  failed: 1,
  /** The command line or the environment is invalid. */
  usage: 2,
  /** The server can't be reached, or can't answer at the moment. The same command may succeed later. */
  unreachable: 3,
  /** The server refused the token, the permission, the message or the change. It would refuse the same command again. */
  refused: 4,
  /** Ctrl-C or SIGTERM ended a command before it was done. */
  interrupted: 130,
} as const;

/** The reason why a command fails. Only `message` and `hint` are printed. Both are for people. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;
  /** The remedy, if it is known. */
  readonly hint: string | undefined;

  constructor(exitCode: number, message: string, hint?: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Returns the Failure for an invalid command line or environment. */
export const usageError = (message: string, hint?: string): Failure => new Failure(EXIT.usage, message, hint);

/**
 * Returns the Failure for an error that a command rejected with, or undefined if the error is a bug in this program.
 */
export function toFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof ConfigError) return usageError(error.message);
  if (!(error instanceof ParleyError)) return undefined;
  if (error.code === "token_failed" && error.cause !== undefined) return toFailure(error.cause);
  return new Failure(exitCodeOf(error), `${error.message} (${error.code})`, hintFor(error.code));
}

/** Codes of the SDK after which the same command may succeed later, even if the error isn't `temporary`. */
const RETRYABLE_CODES = new Set(["unreachable", "not_sent", "token_failed"]);
/** Codes of the SDK after which the outcome is unknown: the server didn't refuse, and it was reachable. */
const UNKNOWN_OUTCOME_CODES = new Set(["outcome_unknown", "closed", "aborted", "queue_full"]);

function exitCodeOf({ code, temporary, mayHaveGoneThrough }: ParleyError): number {
  if (mayHaveGoneThrough || UNKNOWN_OUTCOME_CODES.has(code)) return EXIT.failed;
  if (code === "invalid_option") return EXIT.usage;
  return temporary || RETRYABLE_CODES.has(code) ? EXIT.unreachable : EXIT.refused;
}

function hintFor(code: string): string | undefined {
  switch (code) {
    case "token_expired":
    case "token_missing":
    case "unauthorized":
      return "Get a token that is valid for this server: parley token --help";
    case "forbidden":
      return "The token lacks a scope, or the message is another user's: parley token --help";
    case "outcome_unknown":
      return "It may have gone through. With --ref the same command can be repeated safely.";
    case "not_enabled":
      return "An operator can raise the log's format: docs/operating.md, Formats.";
    default:
      return undefined;
  }
}
