import { digestOf, IdentityCache } from "./cache.ts";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { authErrorOf } from "./failures.ts";
import { type Identity, identityOf } from "./identity.ts";
import { checkWithJwks, type JwksLimits } from "./jwks.ts";
import { checkWithSecrets } from "./secrets.ts";
import type { TokenCheck } from "./token-check.ts";

/** Maximum length of a token, ample for tokens with many claims. A longer one is refused without a check. */
export const MAX_TOKEN_LENGTH = 16_384;

/**
 * Tolerance for `nbf`, in case the issuer's clock is ahead. There is none for `exp`: a connection ends when its token
 * does (P6), so an accepted token must expire in the future.
 */
export const NBF_TOLERANCE_SECONDS = 5;

/** Options of `createVerifier`. */
export interface VerifierOptions {
  /** HS256 secrets, each at least 32 bytes. Any of them verifies. Set either these or `jwksUrl`. */
  readonly secrets?: readonly string[] | undefined;
  /** URL of the issuer's public keys (RS256, ES256, EdDSA). */
  readonly jwksUrl?: string | undefined;
  /** Required value of the claim `iss`. Not checked if undefined. */
  readonly issuer?: string | undefined;
  /** Required value in the claim `aud`. Not checked if undefined. */
  readonly audience?: string | undefined;
  /** Tells if a `sub` is a username (P4). */
  readonly isUser: (sub: string) => boolean;
  /**
   * Maximum number of valid tokens in the cache, each kept for at most a minute. Default 10,000; 0 disables the
   * cache.
   */
  readonly cacheSize?: number | undefined;
  readonly jwks?: JwksLimits | undefined;
  /** The clock, in ms since 1970; for tests. */
  readonly now?: (() => number) | undefined;
  readonly observe?: ((event: AuthEvent) => void) | undefined;
}

/** Verifies tokens. */
export interface Verifier {
  /**
   * Returns the identity that a token stands for (P3, P61). For any string rejects only with an AuthError:
   * `token_missing`, `token_expired`, `unauthorized`, or `unavailable` if the issuer's keys can't be fetched.
   */
  verify(token: string | undefined): Promise<Identity>;
  /** The reason tokens can't be verified now, in words for an operator, or undefined. */
  problem(): string | undefined;
}

/** Creates a verifier. Throws if a secret is too short, the URL is invalid, or not exactly one kind of key is set. */
export function createVerifier(config: VerifierOptions): Verifier {
  const { now = Date.now } = config;
  const check = tokenCheck(config);
  const cache = new IdentityCache(config.cacheSize ?? 10_000);

  async function verifyUncached(token: string): Promise<Identity> {
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
    const identity = await verifyUncached(token);
    if (identity.expiresAt <= now()) throw new AuthError("token_expired", "expired");
    cache.set(digest, identity, now());
    return identity;
  }

  return { verify, problem: check.problem };
}

function tokenCheck(config: VerifierOptions): TokenCheck {
  const { secrets = [], jwksUrl, now = Date.now, observe = () => undefined } = config;
  if (secrets.length > 0 && jwksUrl !== undefined)
    throw new TypeError("secrets and jwksUrl exclude each other: set only one of them");
  if (jwksUrl !== undefined) return checkWithJwks({ ...config.jwks, url: jwksUrl, now, observe });
  if (secrets.length > 0) return checkWithSecrets(secrets);
  throw new TypeError("tokens can't be verified: set secrets or jwksUrl");
}
