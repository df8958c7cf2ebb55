import type { IncomingMessage, ServerResponse } from "node:http";
import { ChatError, tokenRequest } from "@parley/models";
import { assertJson, hasOneHost, isDirect, isLoopbackHost, isVouchedFor, readBody } from "@parley/service";

/** Issues a token for a username. `expiresAt` is in ms since 1970. */
export type IssueToken = (user: string) => Promise<{ readonly token: string; readonly expiresAt: number }>;

const MAX_BODY_BYTES = 1_024;
const USERNAME_MESSAGE = 'The body must be {"username":"…"} with a valid username.';

/** Dependencies of `answerTokenRequest`. */
export interface TokenRequestDeps {
  readonly issue: IssueToken;
  /** The secret by which the front of `start:split` vouches for a request. Undefined: there is no front. */
  readonly frontSecret: string | undefined;
}

/**
 * Answers a request for a development token, which anyone on this machine may get without a password (P60). Resolves
 * with the username, or rejects with the ChatError to answer with.
 *
 * Three checks keep others out. The request must come straight from this machine, because a reverse proxy would pass
 * on everybody's requests. The Host header must be a loopback name, because any web page can make its own host name
 * resolve to 127.0.0.1. The body must be declared as JSON, which an HTML form can't do.
 */
export async function answerTokenRequest(
  req: IncomingMessage,
  res: ServerResponse,
  { issue, frontSecret }: TokenRequestDeps,
): Promise<string> {
  if (!isDirect(req) && !isVouchedFor(req, frontSecret))
    throw new ChatError("forbidden", {
      message:
        "Development tokens are issued to this machine only, and this request came from another one or through a proxy. Behind a proxy, use tokens of your own issuer.",
    });
  if (!hasOneHost(req) || !isLoopbackHost(req.headers.host ?? ""))
    throw new ChatError("forbidden", {
      message: "Development tokens are issued to this machine only. Send the request to localhost.",
    });
  assertJson(req);
  const user = usernameIn(await readBody(req, MAX_BODY_BYTES));
  const { token, expiresAt } = await issue(user);
  const body = JSON.stringify({ token, expiresAt: new Date(expiresAt).toISOString() });
  res.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
  return user;
}

function usernameIn(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ChatError("invalid_json");
  }
  const { data } = tokenRequest.safeParse(value);
  if (!data) throw new ChatError("invalid_username", { message: USERNAME_MESSAGE });
  return data.username;
}
