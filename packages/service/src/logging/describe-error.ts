import { redactText } from "./redact.ts";

/** An error as it appears in a log line. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: string;
  readonly stack?: string;
}

/** Describes anything thrown for a log line, without tokens and passwords. */
export function describeError(
  error: unknown,
  { withStack }: { readonly withStack: boolean },
): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: oneLine(error) };
  return {
    type: error.name,
    message: oneLine(error),
    ...("code" in error && { code: String(error.code) }),
    ...(error.cause !== undefined && { cause: oneLine(error.cause) }),
    ...(withStack && error.stack !== undefined && { stack: redactText(error.stack) }),
  };
}

/** Returns anything thrown as one line of text, without stack, tokens and passwords. */
export function oneLine(error: unknown): string {
  const [first = ""] = redactText(textOf(error)).trim().split("\n");
  return first === "" ? "unknown error" : first;
}

/** Joins the texts of an AggregateError: Node's error for a host with several addresses has an empty message. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(oneLine).join("; ");
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return typeof error === "string" ? error : `thrown: ${typeof error}`;
}
