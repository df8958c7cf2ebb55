import { issueToken } from "@parley/auth";
import { auth, loadOrCreateSecret, readEnv, variables } from "@parley/service/env";
import { addressesOf } from "../server/addresses.ts";
import { assertUsername, developmentToken } from "../server/identity.ts";
import { usage } from "../terminal/exit.ts";
import type { Io } from "../terminal/io.ts";

export interface TokenOptions {
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number | undefined;
  /** Given by hand or by PARLEY_URL: ask there. */
  readonly url: string | undefined;
}

const HOUR_SECONDS = 3_600;

/**
 * Prints a token and nothing else: signed with JWT_SECRET where that is set; else from the server where one is named
 * (P60); else signed with the secret that `start` and `start:split` keep in DATA_DIR.
 */
export async function token(user: string, options: TokenOptions, io: Io): Promise<void> {
  assertUsername(user);
  const env = readEnv({ DATA_DIR: variables.DATA_DIR("data"), auth: auth({ required: false }) });
  const { secrets, jwksUrl, issuer, audience } = env.auth;
  if (secrets === undefined && options.url !== undefined) {
    io.print(await fromServer(user, options, options.url, io.ended));
    return;
  }
  if (jwksUrl !== undefined)
    throw usage("with JWT_JWKS_URL nothing here can sign a token: ask its issuer for one");
  const secret = secrets?.[0] ?? (await loadOrCreateSecret(env.DATA_DIR));
  const { scopes, expiresInSeconds = HOUR_SECONDS } = options;
  io.print((await issueToken({ user, secret, scopes, expiresInSeconds, issuer, audience })).token);
}

function fromServer(user: string, options: TokenOptions, url: string, signal: AbortSignal): Promise<string> {
  if (options.scopes.length > 0 || options.expiresInSeconds !== undefined) {
    throw usage("a server gives out plain tokens for an hour: for --scope or --expires set JWT_SECRET");
  }
  return developmentToken(addressesOf(url, undefined).base, user, signal);
}
