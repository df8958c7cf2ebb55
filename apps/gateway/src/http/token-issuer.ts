import { issueToken } from "@parley/auth";
import type { AuthSettings } from "@parley/service";
import type { IssueToken } from "./dev-tokens.ts";

/** Returns the issuer of development tokens, or undefined unless `AUTH_DEV_TOKENS` turns them on (P60). */
export function createTokenIssuer(settings: AuthSettings): IssueToken | undefined {
  const { devTokens, secrets, issuer, audience } = settings;
  const [secret] = secrets ?? [];
  if (!devTokens || secret === undefined) return undefined;
  return (user) => issueToken({ user, secret, issuer, audience });
}
