import { request } from "./answer.ts";
import { problemOf } from "./problem.ts";

const TIMEOUT_MS = 15_000;

/**
 * Requests a token from a development server, which gives one to anyone who asks (P60). Use it for a first try; in
 * production `token` comes from your own sign-in.
 *
 * @param historyUrl The server's address, for example `http://localhost:8080`. In a page it may be a path.
 * @param username The user that the token is for.
 * @param signal Aborts the request. It takes at most 15,000 ms.
 * @returns The token, valid for an hour.
 * @throws ParleyError `not_found` if the server doesn't give out tokens, `invalid_username` for an invalid name,
 * `forbidden` or `origin_not_allowed` if the server refuses the request, `unreachable` without an answer.
 */
export async function requestToken(
  historyUrl: string,
  username: string,
  signal?: AbortSignal,
): Promise<string> {
  const answer = await request(
    `${historyUrl.replace(/\/$/, "")}/auth/token`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username }),
    },
    { timeoutMs: TIMEOUT_MS, signals: signal ? [signal] : [] },
  );
  const { token } = (answer.ok && answer.body ? answer.body : {}) as { token?: unknown };
  if (typeof token === "string") return token;
  throw problemOf(answer);
}
