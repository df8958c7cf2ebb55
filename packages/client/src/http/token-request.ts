import { asParleyError } from "../errors.ts";
import { problemOf } from "./http-client.ts";

/**
 * A token for a first try, from a server that gives them to anybody (P60). `historyUrl` is the server's address, in a
 * page also a path. Rejects with a ParleyError: `not_found` where the server gives none, `invalid_username` for what
 * is no name.
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
    throw asParleyError(error);
  }
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof body === "object" && body !== null && "token" in body && typeof body.token === "string") {
    return body.token;
  }
  throw await problemOf(response);
}
