import { isUsername } from "@parley/models";
import { escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import { RequestRefused, requestJson } from "./request-json.ts";

/** The user of a command: the owner of `token`, or `as`, for whom a development server gives out a token (P60). */
export interface Identity {
  readonly token: string | undefined;
  readonly as: string | undefined;
}

/**
 * Returns the function from which the SDK gets its tokens. The first token is requested before this function
 * resolves. So a server that doesn't give out tokens causes one clear failure instead of endless retries. Rejects
 * with a Failure.
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
  const username = parseUsername(user);
  const answer = await requestJson(`${base}/auth/token`, {
    method: "POST",
    body: { username },
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

/**
 * Returns a typed name in composed form (P4), because many keyboards type some letters in a different form. Throws a
 * usage Failure if the name isn't a username.
 */
export function parseUsername(text: string): string {
  const name = text.normalize("NFC");
  if (isUsername(name)) return name;
  throw usageError(
    `invalid username: ${escapeLine(text)} (1 to 64 letters of any language, digits or _ . @ + -, nothing invisible)`,
  );
}
