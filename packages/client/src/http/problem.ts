import { ParleyError } from "../errors.ts";
import { retryAfterOf } from "../timing/retry-after.ts";
import type { Answer } from "./answer.ts";

/**
 * Returns the error of a failed response (P55). A response that doesn't come from Parley, for example from a proxy, says
 * nothing about the server behind the proxy. So its error is temporary, whatever its status.
 */
export function problemOf(answer: Answer): ParleyError {
  const { status, body, isProblem } = answer;
  const { code, detail, retryAfterMs } = (isProblem && body ? body : {}) as Record<string, unknown>;
  if (typeof code !== "string") return foreignResponse(status);
  return new ParleyError(code, typeof detail === "string" ? detail : code, {
    temporary: status >= 500 || status === 429,
    retryAfterMs: retryAfterOf(retryAfterMs),
  });
}

/** Returns the error for a response that doesn't come from Parley. */
export function foreignResponse(status: number): ParleyError {
  const message = `The response isn't from a Parley server (status ${status}). Check the address, and the proxies on the way.`;
  return new ParleyError("unreachable", message, { temporary: true });
}
