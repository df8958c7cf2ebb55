import { ParleyError } from "@parley/client";
import { ConfigError } from "@parley/service/env";

/** The exit codes, as --help and docs/cli.md say them. */
export const EXIT = {
  ok: 0,
  /** Anything that is none of the others. */
  failed: 1,
  /** A command line or an environment that could never work. */
  usage: 2,
  /** The server cannot be reached, or cannot answer now: the same thing may succeed later. */
  unreachable: 3,
  /** The server refused: the token, the right, or the message itself. The same thing will be refused again. */
  refused: 4,
  /** Ctrl-C, or SIGTERM, before a command that has an end was done. */
  interrupted: 130,
} as const;

/** Why a command ends without success. `message` is for people, and all there is to say. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;
  /** How to mend it, where that is known. */
  readonly hint: string | undefined;

  constructor(exitCode: number, message: string, hint?: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

export const usage = (message: string, hint?: string): Failure => new Failure(EXIT.usage, message, hint);

/** What to say and how to end for an error that a command rejected with; undefined for a fault of our own. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof ConfigError) return usage(error.message);
  if (!(error instanceof ParleyError)) return undefined;
  if (error.code === "token_failed" && error.cause !== undefined) return failureOf(error.cause);
  return new Failure(exitCodeOf(error), `${error.message} (${error.code})`, hintOf(error.code));
}

/** Codes of the SDK's own that a later try may mend though they are final for this one. */
const LATER = new Set(["unreachable", "not_sent", "token_failed"]);
/** Neither refused nor unreachable: nobody can tell. */
const UNKNOWN = new Set(["outcome_unknown", "closed", "aborted", "queue_full"]);

function exitCodeOf({ code, temporary, mayHaveGoneThrough }: ParleyError): number {
  if (mayHaveGoneThrough || UNKNOWN.has(code)) return EXIT.failed;
  if (code === "invalid_option") return EXIT.usage;
  return temporary || LATER.has(code) ? EXIT.unreachable : EXIT.refused;
}

function hintOf(code: string): string | undefined {
  switch (code) {
    case "token_expired":
    case "token_missing":
    case "unauthorized":
      return "Get a token that is good here: parley token --help";
    case "forbidden":
      return "The token lacks a scope: parley token --help";
    case "outcome_unknown":
      return "It may have been sent. With --ref the same message can be sent again safely.";
    default:
      return undefined;
  }
}
