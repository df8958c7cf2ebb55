import { AuthError, createVerifier, fetchKeySet, KeySetError, warningsOf } from "@parley/auth";
import { isUsername } from "@parley/models";
import type { AuthSettings } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const KEYS_TIMEOUT_MS = 10_000;

/** Checks the settings that verify tokens, and tells if the given token would be accepted. */
export async function checkTokens(
  settings: AuthSettings,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings = [await checkVerification(settings, signal)];
  findings.push(...warningsOf(settings).map(({ problem, fix }) => note("tokens", problem, fix)));
  if (settings.devTokens) {
    findings.push(note("tokens", "AUTH_DEV_TOKENS is on: anyone on this machine can act as any user"));
  }
  if (token !== undefined) findings.push(await checkToken(settings, token));
  return findings;
}

async function checkVerification(
  { secrets, jwksUrl, issuer, audience }: AuthSettings,
  signal: AbortSignal,
): Promise<Finding> {
  const claims = [issuer !== undefined && "issuer", audience !== undefined && "audience"].filter(Boolean);
  const required = claims.length > 0 ? `, ${claims.join(" and ")} required` : "";
  if (jwksUrl !== undefined) return checkKeys(jwksUrl, required, signal);
  if (secrets === undefined) return ok("tokens", `HS256 with the secret that standalone keeps${required}`);
  const count = secrets.length === 1 ? "one secret" : `${secrets.length} secrets`;
  const detail = `HS256 with ${count}${required}`;
  return secrets.length === 1 ? ok("tokens", detail) : note("tokens", `${detail}: one is being replaced`);
}

async function checkKeys(url: string, required: string, signal: AbortSignal): Promise<Finding> {
  const fix = "Set JWT_JWKS_URL to the address of the issuer's public keys.";
  try {
    const { count } = await fetchKeySet(url, { timeoutMs: KEYS_TIMEOUT_MS, signal });
    if (count > 0) return ok("tokens", `${count} keys of the issuer${required}`);
  } catch (error) {
    if (error instanceof KeySetError) return wrong("tokens", `the issuer's keys: ${error.message}`, fix);
  }
  return wrong("tokens", "the issuer's keys cannot be read", fix);
}

async function checkToken(settings: AuthSettings, token: string): Promise<Finding> {
  const { secrets, jwksUrl, issuer, audience } = settings;
  if (secrets === undefined && jwksUrl === undefined) {
    return note("your token", "not checked: only the server knows the secret");
  }
  const verifier = createVerifier({ secrets, jwksUrl, issuer, audience, isUser: isUsername });
  try {
    const { user, expiresAt } = await verifier.verify(token);
    return ok("your token", `is for ${user} until ${new Date(expiresAt).toISOString()}`);
  } catch (error) {
    const reason = error instanceof AuthError ? `${error.code} (${error.failure})` : "unknown";
    return wrong(
      "your token",
      `would be refused: ${reason}`,
      "Get a token that is signed for this configuration: parley token --help",
    );
  }
}
