import { isUsername } from "@parley/models";
import { escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import { RequestRefused, requestJson } from "./request-json.ts";

/** The user of a command: the owner of a token, or one for whom a development server gives out a token (P60). */
export interface Identity {
  readonly token: string | undefined;
  readonly as: string | undefined;
}

/**
 * Returns the function from which the SDK gets its tokens. The first token is requested before this resolves, so that
 * a server that gives out none causes one clear failure instead of endless retries. Rejects with a Failure.
 */
export async function openTokenSource(
  { token, as }: Identity,
  base: string,
  signal: AbortSignal,
): Promise<() => Promise<string>> {
  if (as !== undefined) {
    let first: string | undefined = await requestDevToken(base, as, signal);
    return async () => {
      const next = first ?? (await requestDevToken(base, as, signal));
      first = undefined;
      return next;
    };
  }
  if (token === undefined) {
    throw usageError(
      "no user: pass --token, set PARLEY_TOKEN, or pass --as alice (a development server gives out a token for alice)",
    );
  }
  return async () => token;
}

/** Requests a token from a development server (P60). Rejects with a Failure. */
export async function requestDevToken(base: string, user: string, signal: AbortSignal): Promise<string> {
  assertUsername(user);
  const answer = await requestJson(`${base}/auth/token`, {
    method: "POST",
    body: { username: user },
    signal,
  }).catch((error: unknown) => {
    if (!(error instanceof RequestRefused && error.status === 404)) throw error;
    throw new Failure(
      error.exitCode,
      `${base} doesn't give out tokens`,
      "Pass --token or set PARLEY_TOKEN. If you have the server's JWT_SECRET: parley token alice",
    );
  });
  const { token } = (answer ?? {}) as { token?: unknown };
  if (typeof token === "string" && token !== "") return token;
  throw new Failure(EXIT.unreachable, `${base} answered without a token: it isn't a Parley server`);
}

/** Throws a usage Failure if the text isn't a username (P4). */
export function assertUsername(text: string): void {
  if (isUsername(text)) return;
  throw usageError(`invalid username: ${escapeLine(text)} (1 to 64 letters, digits or _ . @ + -)`);
}
