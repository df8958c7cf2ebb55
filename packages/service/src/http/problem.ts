import { type ServerResponse, STATUS_CODES } from "node:http";
import { type ChatError, ERRORS, type ErrorCode } from "@parley/models";

/** application/problem+json (RFC 9457) with a stable `code` (P3, P55). */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryAfterMs?: number;
  readonly instance?: string;
  readonly requestId?: string;
}

export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The path that was asked for. */
  readonly instance?: string | undefined;
  readonly requestId?: string | undefined;
}

/** An error as an HTTP answer, for who has only a raw socket, as before an upgrade. `body` is JSON. */
export function problemOf(
  error: ChatError | ErrorCode,
  { headers, instance, requestId }: ProblemOptions = {},
): { status: number; headers: Record<string, string>; body: string } {
  const code = typeof error === "string" ? error : error.code;
  const retryAfterMs = typeof error === "string" ? undefined : error.retryAfterMs;
  const { status, message, temporary } = ERRORS[code];
  const problem: Problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    detail: typeof error === "string" ? message : error.message,
    ...(temporary && retryAfterMs !== undefined && { retryAfterMs }),
    ...(instance !== undefined && { instance }),
    ...(requestId !== undefined && { requestId }),
  };
  const body = JSON.stringify(problem);
  return {
    status,
    body,
    headers: {
      "content-type": "application/problem+json",
      "content-length": String(Buffer.byteLength(body)),
      "cache-control": "no-store",
      ...(problem.retryAfterMs !== undefined && {
        "retry-after": String(Math.ceil(problem.retryAfterMs / 1000)),
      }),
      ...(status === 401 && { "www-authenticate": challenge(code) }),
      ...headers,
    },
  };
}

/**
 * Answers with the error, and ends the response. Where the answer has begun it is too late for that: the connection
 * is destroyed, so that the client cannot take what it got for the whole (P50).
 */
export function sendProblem(
  res: ServerResponse,
  error: ChatError | ErrorCode,
  options: ProblemOptions = {},
): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { status, headers, body } = problemOf(error, options);
  res.writeHead(status, headers).end(body);
}

/** RFC 6750: a request without a token is told of no error. */
function challenge(code: ErrorCode): string {
  return code === "token_missing" ? "Bearer" : 'Bearer error="invalid_token"';
}
