/** The settings that decide which tokens are accepted. */
export interface KeySettings {
  readonly jwksUrl?: string | undefined;
  readonly audience?: string | undefined;
}

/** A setting that makes tokens less safe, and what to do, each a sentence for an operator. */
export interface SettingWarning {
  readonly problem: string;
  readonly fix: string;
}

/** Returns what is less safe about the settings. Empty if nothing is. */
export function warningsOf({ jwksUrl, audience }: KeySettings): SettingWarning[] {
  const warnings: SettingWarning[] = [];
  if (jwksUrl !== undefined && audience === undefined)
    warnings.push({
      problem:
        "Tokens that the issuer signed for other applications are accepted too, because JWT_AUDIENCE isn't set.",
      fix: "Set JWT_AUDIENCE to the audience of the tokens for this chat.",
    });
  if (jwksUrl !== undefined && !isProtected(jwksUrl))
    warnings.push({
      problem:
        "Whoever can change the network's traffic can sign tokens for any user, because JWT_JWKS_URL begins with http://.",
      fix: "Use an https:// URL.",
    });
  return warnings;
}

/** Tells if the answer from a URL can't be changed on the way: by TLS, or because it doesn't leave this machine. */
function isProtected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
