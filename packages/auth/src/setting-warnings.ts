/** The settings that decide which tokens are accepted. */
export interface KeySettings {
  readonly jwksUrl?: string | undefined;
  readonly audience?: string | undefined;
}

/** Returns what is less safe about the settings, in sentences for an operator. Empty if nothing is. */
export function warningsOf({ jwksUrl, audience }: KeySettings): string[] {
  if (jwksUrl === undefined) return [];
  const warnings: string[] = [];
  if (audience === undefined)
    warnings.push(
      "JWT_AUDIENCE isn't set: tokens that the issuer signed for other applications are accepted too. Set it to the audience of the tokens for this chat.",
    );
  if (!isProtected(jwksUrl))
    warnings.push(
      "JWT_JWKS_URL begins with http://: whoever can change the network's traffic can sign tokens for any user. Use https://.",
    );
  return warnings;
}

/** Tells if the answer from a URL can't be changed on the way: by TLS, or because it doesn't leave this machine. */
function isProtected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
