/** The settings that decide which tokens are accepted. */
export interface KeySettings {
  readonly jwksUrl?: string | undefined;
  readonly audience?: string | undefined;
}

/** The problem with a setting that makes tokens less safe, and the fix. Each is a sentence for an operator. */
export interface SettingWarning {
  readonly problem: string;
  readonly fix: string;
}

/** Returns a warning for each setting that makes tokens less safe. */
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

/** Tells if nobody can change the URL's response on the way: TLS protects it, or it doesn't leave this machine. */
function isProtected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
