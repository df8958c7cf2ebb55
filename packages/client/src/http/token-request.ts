import { toParleyError } from "../errors.ts";
import { readProblem } from "./problem.ts";

/**
 * Requests a token from a development server, which gives one to anyone who asks (P60). Use it for a first try; in
 * production `token` comes from your own sign-in.
 *
 * @param historyUrl The server's address, for example `http://localhost:8080`. In a page it may be a path.
 * @param username The user that the token is for.
 * @param signal Aborts the request. Default: a timeout of 15,000 ms.
 * @returns The token, valid for an hour.
 * @throws ParleyError `not_found` if the server doesn't give out tokens, `invalid_username` for an invalid name,
 * `forbidden` or `origin_not_allowed` if the server refuses the request, `unreachable` without an answer.
 */
export async function requestToken(
  historyUrl: string,
  username: string,
  signal: AbortSignal = AbortSignal.timeout(15_000),
): Promise<string> {
  let response: Response;
  try {
    response = await fetch(`${historyUrl.replace(/\/$/, "")}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username }),
      cache: "no-store",
      signal,
    });
  } catch (error) {
    throw toParleyError(error);
  }
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof body === "object" && body !== null && "token" in body && typeof body.token === "string") {
    return body.token;
  }
  throw await readProblem(response);
}
