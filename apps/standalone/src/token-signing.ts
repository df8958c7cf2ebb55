import { issueToken } from "@parley/auth";
import { isUsername } from "@parley/models";
import { type AuthSettings, isLoopback, loadOrCreateSecret } from "@parley/service";

/** The settings to verify tokens, and a function to issue development tokens. */
export interface TokenSigning {
  readonly settings: AuthSettings & { readonly isUser: typeof isUsername };
  /** Issues a development token. Undefined unless the settings or a loopback host allow these tokens (P60). */
  readonly issue: ((user: string) => Promise<{ token: string; expiresAt: number }>) | undefined;
}

/**
 * Completes the configured settings. If they contain neither a secret nor the URL of a key set, a random secret is
 * generated and kept in `dataDir`, so that tokens stay valid after a restart.
 */
export async function createTokenSigning(
  configured: AuthSettings,
  { host, dataDir }: { readonly host: string; readonly dataDir: string },
): Promise<TokenSigning> {
  const needsSecret = configured.secrets === undefined && configured.jwksUrl === undefined;
  const secrets = needsSecret ? [await loadOrCreateSecret(dataDir)] : configured.secrets;
  const settings = { ...configured, secrets, isUser: isUsername };
  const [secret] = settings.secrets ?? [];
  const { issuer, audience } = settings;
  const mayIssue = settings.devTokens ?? isLoopback(host);
  if (!mayIssue || secret === undefined) return { settings, issue: undefined };
  return { settings, issue: (user) => issueToken({ user, secret, issuer, audience }) };
}
