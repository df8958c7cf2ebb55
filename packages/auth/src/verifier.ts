import { digestOf, IdentityCache } from "./cache.ts";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { authErrorOf } from "./failures.ts";
import { type Identity, identityOf } from "./identity.ts";
import { checkWithJwks, type JwksLimits } from "./jwks.ts";
import { checkWithSecrets } from "./secrets.ts";
import type { TokenCheck } from "./token-check.ts";

/** Longer than what an issuer's token with many claims has; nothing longer is looked at. */
export const MAX_TOKEN_LENGTH = 16_384;

/**
 * How far the issuer's clock may be ahead of ours, for `nbf`. None for `exp`: a connection ends when its token does
 * (P6), so a token that is accepted always has its end ahead.
 */
export const NBF_TOLERANCE_SECONDS = 5;

export interface VerifierConfig {
  /** HS256: any of them verifies. Each at least 32 bytes. Either these or `jwksUrl`. */
  readonly secrets?: readonly string[] | undefined;
  /** RS256, ES256, EdDSA: where the issuer's public keys are. */
  readonly jwksUrl?: string | undefined;
  /** Required of the claim `iss`, where given. */
  readonly issuer?: string | undefined;
  /** Required among the claim `aud`, where given. */
  readonly audience?: string | undefined;
  /** Whether a `sub` is a username (P4). */
  readonly isUser: (sub: string) => boolean;
  /** How many valid tokens are remembered, by digest, for at most a minute. Default 10,000; 0 for none. */
  readonly cacheSize?: number | undefined;
  readonly jwks?: JwksLimits | undefined;
  /** Ms since 1970; for tests. */
  readonly now?: (() => number) | undefined;
  readonly observe?: ((event: AuthEvent) => void) | undefined;
}

export interface Verifier {
  /**
   * Who the token speaks for (P3, P61). Rejects with an AuthError and nothing else, whatever the string:
   * `token_missing`, `token_expired`, `unauthorized`, or `unavailable` where the issuer's keys cannot be had.
   */
  verify(token: string | undefined): Promise<Identity>;
  /** What keeps tokens from being verified at this moment, in words for an operator, or undefined. */
  problem(): string | undefined;
}

/** Throws for a secret that is too short, an address that is none, and where not exactly one kind of key is given. */
export function createVerifier(config: VerifierConfig): Verifier {
  const { now = Date.now } = config;
  const check = tokenCheck(config);
  const cache = new IdentityCache(config.cacheSize ?? 10_000);

  async function judge(token: string): Promise<Identity> {
    try {
      const claims = await check.claims(token, {
        algorithms: [...check.algorithms],
        clockTolerance: NBF_TOLERANCE_SECONDS,
        currentDate: new Date(now()),
        ...(config.issuer !== undefined && { issuer: config.issuer }),
        ...(config.audience !== undefined && { audience: config.audience }),
      });
      return identityOf(claims, config.isUser);
    } catch (error) {
      throw authErrorOf(error);
    }
  }

  async function verify(token: string | undefined): Promise<Identity> {
    if (token === undefined || token === "") throw new AuthError("token_missing", "missing");
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthError("unauthorized", "malformed");
    const digest = digestOf(token);
    const known = cache.get(digest, now());
    if (known) return known;
    const identity = await judge(token);
    if (identity.expiresAt <= now()) throw new AuthError("token_expired", "expired");
    cache.set(digest, identity, now());
    return identity;
  }

  return { verify, problem: check.problem };
}

function tokenCheck(config: VerifierConfig): TokenCheck {
  const { secrets = [], jwksUrl, now = Date.now, observe = () => undefined } = config;
  if (secrets.length > 0 && jwksUrl !== undefined)
    throw new TypeError("tokens are verified with secrets or with a key set: only one can be given");
  if (jwksUrl !== undefined) return checkWithJwks({ ...config.jwks, url: jwksUrl, now, observe });
  if (secrets.length > 0) return checkWithSecrets(secrets);
  throw new TypeError("tokens cannot be verified: neither a secret nor a key set is given");
}
