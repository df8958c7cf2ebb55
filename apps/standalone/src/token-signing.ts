import { issueToken } from "@parley/auth";
import { type AuthSettings, isLoopback, loadOrCreateSecret } from "@parley/service";

/** Who may come in: the verifier's settings, and what signs tokens for a first try, where that may be (P60). */
export interface Signing {
  readonly settings: AuthSettings;
  readonly issue: ((user: string) => Promise<{ token: string; expiresAt: number }>) | undefined;
}

/** Without a secret or a key set one is made at random and kept in `dataDir`, so that tokens outlive a restart. */
export async function signingFor(
  given: AuthSettings,
  { host, dataDir }: { readonly host: string; readonly dataDir: string },
): Promise<Signing> {
  const isOwn = given.secrets === undefined && given.jwksUrl === undefined;
  const settings = isOwn ? { ...given, secrets: [await loadOrCreateSecret(dataDir)] } : given;
  const [secret] = settings.secrets ?? [];
  const { issuer, audience } = settings;
  const mayIssue = settings.devTokens ?? isLoopback(host);
  if (!mayIssue || secret === undefined) return { settings, issue: undefined };
  return { settings, issue: (user) => issueToken({ user, secret, issuer, audience }) };
}
