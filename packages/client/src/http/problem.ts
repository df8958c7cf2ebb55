import { ParleyError } from "../errors.ts";

/** Reads the error from a failed response, normally `application/problem+json` (P55). */
export async function readProblem(response: Response): Promise<ParleyError> {
  const { status } = response;
  const problem: unknown = await response.json().catch(() => undefined);
  if (typeof problem !== "object" || problem === null || !("code" in problem)) return foreignResponse(status);
  const { code, detail, retryAfterMs } = problem as { code: string; detail?: string; retryAfterMs?: number };
  const temporary = status >= 500 || status === 429;
  return new ParleyError(code, detail ?? code, { temporary, retryAfterMs });
}

/**
 * Returns the error for a response that doesn't come from Parley, for example from a proxy. Such a response says
 * nothing about the server behind the proxy, so the error is temporary unless the status is 401 or 403.
 */
export function foreignResponse(status: number): ParleyError {
  if (status === 401) return new ParleyError("unauthorized", "A proxy in front of the server answered 401.");
  if (status === 403) return new ParleyError("forbidden", "A proxy in front of the server answered 403.");
  return new ParleyError("unreachable", `The response isn't from a Parley server (status ${status}).`, {
    temporary: true,
  });
}
