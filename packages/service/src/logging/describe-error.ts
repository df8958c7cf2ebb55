import { redactText } from "./redact.ts";

/** An error as a log line holds it. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: string;
  readonly stack?: string;
}

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

/** What was thrown, whatever it is, in one line for people: without stack, tokens and passwords. */
export function oneLine(error: unknown): string {
  const [first = ""] = redactText(textOf(error)).trim().split("\n");
  return first === "" ? "unknown error" : first;
}

/** Node's error for a host with several addresses has an empty text of its own. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(oneLine).join("; ");
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return typeof error === "string" ? error : `thrown: ${typeof error}`;
}
