import { randomUUID } from "node:crypto";
import { ChatError, type ErrorCode } from "@parley/models";
import { sendProblem } from "@parley/service";
import type { ErrorRequestHandler, Request } from "express";
import { toChatError } from "../errors.ts";
import type { Observe } from "../events.ts";
import { methodsOf } from "./methods.ts";
import { ResponseAbandoned } from "./write.ts";

/**
 * Answers a failed request with problem+json (P55). If the response has begun, the connection is destroyed instead
 * (P50). Express recognizes an error handler by its four parameters.
 */
export function errorHandler(observe: Observe): ErrorRequestHandler {
  return (reason, req, res, _next) => {
    if (reason instanceof ResponseAbandoned) {
      observe({ type: "abandoned", slow: reason.isSlow });
      res.destroy();
      return;
    }
    const error = isUndecodable(reason) ? new ChatError(codeForPath(req.path)) : toChatError(reason);
    const request = randomUUID();
    if (error.code === "internal") observe({ type: "failure", request, error: error.cause });
    observe({ type: "refused", request, code: error.code, cut: res.headersSent });
    if (!res.headersSent) res.removeHeader("link");
    sendProblem(res, error, { requestId: request, headers: headersFor(error, req) });
  };
}

/** True if the path has percent escapes that aren't UTF-8. Express throws a URIError for such a path. */
function isUndecodable(error: unknown): boolean {
  return error instanceof URIError;
}

function codeForPath(path: string): ErrorCode {
  return path.startsWith("/messages/") ? "invalid_username" : "invalid_parameter";
}

function headersFor({ code }: ChatError, { path }: Request): Record<string, string> {
  return code === "method_not_allowed" ? { allow: `${methodsOf(path)}, OPTIONS` } : {};
}
