import { AuthError, createVerifier } from "@parley/auth";
import { isUsername } from "@parley/models";
import type { AuthSettings } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const KEYS_MS = 10_000;

/** How tokens would be verified with this configuration, and whether the token at hand would pass. */
export async function tokenFindings(
  settings: AuthSettings,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings = [await verification(settings, signal)];
  if (settings.devTokens)
    findings.push(note("tokens", "AUTH_DEV_TOKENS is on: anybody on this machine may be anybody"));
  if (token !== undefined) findings.push(await passes(settings, token));
  return findings;
}

async function verification(
  { secrets, jwksUrl, issuer, audience }: AuthSettings,
  signal: AbortSignal,
): Promise<Finding> {
  const asked = [issuer !== undefined && "issuer", audience !== undefined && "audience"].filter(Boolean);
  const also = asked.length > 0 ? `, ${asked.join(" and ")} required` : "";
  if (jwksUrl !== undefined) return keysAt(jwksUrl, also, signal);
  if (secrets === undefined) return ok("tokens", `HS256 with the secret that standalone keeps${also}`);
  const says = `HS256 with ${secrets.length === 1 ? "one secret" : `${secrets.length} secrets`}${also}`;
  return secrets.length === 1 ? ok("tokens", says) : note("tokens", `${says}: one is being replaced`);
}

async function keysAt(url: string, also: string, signal: AbortSignal): Promise<Finding> {
  const mend = "Set JWT_JWKS_URL to where your issuer publishes its keys.";
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(KEYS_MS)]) });
    const { keys } = (await answer.json()) as { keys?: unknown };
    if (answer.ok && Array.isArray(keys) && keys.length > 0)
      return ok("tokens", `${keys.length} keys of the issuer${also}`);
  } catch {
    // What came was no key set; below it is said.
  }
  return wrong("tokens", "the issuer's keys cannot be had", mend);
}

async function passes(settings: AuthSettings, token: string): Promise<Finding> {
  const { secrets, jwksUrl, issuer, audience } = settings;
  if (secrets === undefined && jwksUrl === undefined)
    return note("your token", "not checked: the secret is the server's own");
  const verifier = createVerifier({ secrets, jwksUrl, issuer, audience, isUser: isUsername });
  try {
    const { user, expiresAt } = await verifier.verify(token);
    return ok("your token", `is of ${user} until ${new Date(expiresAt).toISOString()}`);
  } catch (error) {
    const why = error instanceof AuthError ? `${error.code} (${error.failure})` : "unknown";
    return wrong(
      "your token",
      `would be refused: ${why}`,
      "Get one that is signed for this configuration: parley token --help",
    );
  }
}
