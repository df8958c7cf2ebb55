import { issueToken } from "@parley/auth";
import { auth, loadOrCreateSecret, readEnv, variables } from "@parley/service/env";
import { resolveAddresses } from "../server/addresses.ts";
import { parseUsername, requestDevToken } from "../server/identity.ts";
import { escapeLine } from "../terminal/escape.ts";
import { usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";

export interface TokenOptions {
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number | undefined;
  /** The address, from --url or PARLEY_URL, of the server that gives out the token if JWT_SECRET isn't set. */
  readonly url: string | undefined;
}

const HOUR_SECONDS = 3_600;

/**
 * Prints a token and nothing else. If JWT_SECRET is set, signs the token with it. Otherwise requests the token from
 * the server at `url` (P60). Without a `url`, signs it with the secret that `start` and `start:split` keep in
 * DATA_DIR.
 */
export async function token(name: string, options: TokenOptions, io: Io): Promise<void> {
  const user = parseUsername(name);
  const env = readEnv({ DATA_DIR: variables.DATA_DIR("data"), auth: auth({ required: false }) });
  const { secrets, jwksUrl, issuer, audience } = env.auth;
  if (secrets === undefined && options.url !== undefined) {
    io.print(escapeLine(await tokenFromServer(user, options, options.url, io.ended)));
    return;
  }
  if (jwksUrl !== undefined) {
    throw usageError("with JWT_JWKS_URL only the issuer can sign tokens: request one there");
  }
  const secret = secrets?.[0] ?? (await loadOrCreateSecret(env.DATA_DIR));
  const { scopes, expiresInSeconds = HOUR_SECONDS } = options;
  io.print((await issueToken({ user, secret, scopes, expiresInSeconds, issuer, audience })).token);
}

function tokenFromServer(
  user: string,
  options: TokenOptions,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  if (options.scopes.length > 0 || options.expiresInSeconds !== undefined) {
    throw usageError(
      "a server's tokens have no scope and expire after an hour: for --scope or --expires set JWT_SECRET",
    );
  }
  return requestDevToken(resolveAddresses(url, undefined).base, user, signal);
}
