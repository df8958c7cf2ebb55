import { issueToken } from "@parley/auth";
import type { AuthSettings } from "@parley/service";
import type { IssueToken } from "./dev-tokens.ts";

/** P60: only where it was asked for. */
export function tokenIssuer({ devTokens, secrets, issuer, audience }: AuthSettings): IssueToken | undefined {
  const [secret] = secrets ?? [];
  if (!devTokens || secret === undefined) return undefined;
  return (user) => issueToken({ user, secret, issuer, audience });
}
