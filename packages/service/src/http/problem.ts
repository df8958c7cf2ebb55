import { type ServerResponse, STATUS_CODES } from "node:http";
import { type ChatError, ERRORS, type ErrorCode } from "@parley/models";
import { allowReading } from "./origins.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { sendRefusal } from "./server/http-connection.ts";
import { isBodyIncomplete } from "./server/request-body.ts";

/** An application/problem+json body (RFC 9457) with a stable `code` (P3, P55). */
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

/** Additions to a problem response. */
export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The requested path. */
  readonly instance?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Builds the HTTP response for an error, for callers that have only a raw socket, as before an upgrade. */
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
      ...SECURITY_HEADERS,
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
 * Responds with the error and ends the response. If the response has already begun, the connection is destroyed
 * instead, so that the client can't mistake a partial body for a complete one (P50). The response may be sent later,
 * see RefusalPacer.
 *
 * If the request's body hasn't arrived whole, the connection is closed, so that the rest of the body needn't be read.
 *
 * A page of any origin may read the error. It contains nothing but the reason, and without it a page couldn't know that
 * its origin isn't allowed.
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
  const { origin } = res.req.headers;
  if (origin !== undefined) allowReading(res, origin);
  const { status, headers, body } = problemOf(error, options);
  if (isBodyIncomplete(res.req)) headers.connection = "close";
  sendRefusal(res.req, status, () => res.writeHead(status, headers).end(body));
}

/** Leaves out the error code for a request without a token, as RFC 6750 requires. */
function challenge(code: ErrorCode): string {
  return code === "token_missing" ? "Bearer" : 'Bearer error="invalid_token"';
}
