import type { IncomingMessage } from "node:http";
import { type Clocks, digestOf, IdentityCache } from "./cache.ts";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { authErrorOf } from "./failures.ts";
import { type Identity, identityOf, SCOPES } from "./identity.ts";
import { checkWithJwks, type JwksLimits, type JwksOptions } from "./jwks.ts";
import { checkWithSecrets } from "./secrets.ts";
import { warningsOf } from "./setting-warnings.ts";
import type { TokenCheck, TokenSource } from "./token-check.ts";
import { hasTokenForm } from "./token-form.ts";
import { VerificationTurns } from "./turns.ts";

const NBF_TOLERANCE_MS = 30_000;

/** Options of `createVerifier`. */
export interface VerifierOptions {
  /** HS256 secrets, each at least 32 bytes. A token may be signed with any of them. Set either these or `jwksUrl`. */
  readonly secrets?: readonly string[] | undefined;
  /** URL of the issuer's public keys (RS256, ES256, EdDSA). */
  readonly jwksUrl?: string | undefined;
  /** Required value of the claim `iss`. Not checked if undefined. */
  readonly issuer?: string | undefined;
  /** Required value in the claim `aud`. Not checked if undefined. */
  readonly audience?: string | undefined;
  /**
   * Tolerance for `nbf` in ms, in case the issuer's clock is ahead. Default 30,000. There is none for `exp`: a
   * connection ends when its token does (P6), so an accepted token must expire in the future.
   */
  readonly nbfToleranceMs?: number | undefined;
  /**
   * The maximum age of a token, in ms. A token that is older has expired, whatever its `exp` says, and one without `iat`
   * isn't accepted. Undefined: a token may have any age.
   */
  readonly maxTokenAgeMs?: number | undefined;
  /** Tells if a `sub` is a username (P4). */
  readonly isUser: (sub: string) => boolean;
  /**
   * Maximum number of valid tokens in the cache, each kept for at most a minute. Default 10,000; 0 disables the
   * cache.
   */
  readonly cacheSize?: number | undefined;
  /** Maximum number of tokens that wait to be verified, and also of tokens that wait for keys. Default 20,000. */
  readonly maxWaiting?: number | undefined;
  /** The same two maximums, for the tokens of one share. Default 5,000. */
  readonly maxWaitingPerShare?: number | undefined;
  readonly jwks?: JwksLimits | undefined;
  /** The clocks; for tests. */
  readonly clocks?: Clocks | undefined;
  readonly observe?: ((event: AuthEvent) => void) | undefined;
}

/** Verifies tokens. */
export interface Verifier {
  /**
   * Returns the identity that a token stands for (P3, P61). For any string rejects only with an AuthError, or with
   * the reason of `source.signal` if that signal is aborted. The codes are `token_missing`, `token_expired`,
   * `unauthorized`, `unavailable` if the issuer's keys can't be fetched, and `overloaded` if too many tokens wait.
   *
   * A token that was found valid within the last minute is never delayed. Other tokens wait for the turn of their
   * share. All calls without a `source` belong to one share.
   */
  verify(token: string | undefined, source?: TokenSource): Promise<Identity>;
  /** The reason why tokens can't be verified now, in words for an operator. Undefined if they can be verified. */
  problem(): string | undefined;
}

const SYSTEM_CLOCKS: Clocks = { wallTime: () => Date.now(), now: () => performance.now() };
const NOBODY: TokenSource = { share: "" };
const MAX_WAITING = 20_000;
const MAX_WAITING_PER_SHARE = 5_000;

/** Creates a verifier. Throws if a secret is too short, the URL is invalid, or not exactly one kind of key is set. */
export function createVerifier(config: VerifierOptions): Verifier {
  const { clocks = SYSTEM_CLOCKS, observe = () => undefined } = config;
  const { wallTime, now } = clocks;
  const limits = {
    maxWaiting: config.maxWaiting ?? MAX_WAITING,
    maxWaitingPerShare: config.maxWaitingPerShare ?? MAX_WAITING_PER_SHARE,
  };
  const check = tokenCheck({ ...config, ...limits, now, observe });
  const cache = new IdentityCache(config.cacheSize ?? 10_000, clocks);
  const turns = new VerificationTurns(limits);
  for (const { problem, fix } of warningsOf(config)) observe({ type: "warning", text: `${problem} ${fix}` });

  async function verify(token: string | undefined, source: TokenSource = NOBODY): Promise<Identity> {
    try {
      if (token === undefined || token === "") throw new AuthError("token_missing", "missing");
      if (!hasTokenForm(token)) throw new AuthError("unauthorized", "malformed");
      const digest = digestOf(token);
      // Looks in the cache before anything waits, so that a flood of new tokens doesn't delay known tokens.
      return cache.get(digest) ?? (await verifyInTurn(token, digest, source));
    } catch (error) {
      if (source.signal?.aborted) throw source.signal.reason;
      const refusal = authErrorOf(error);
      observe({ type: "refused", failure: refusal.failure });
      throw refusal;
    }
  }

  /**
   * Does all work for a token in turns of its share, also that for a token whose key is unknown. Many of them may come in one
   * iteration of the event loop, and their fetch ends for all of them at once.
   */
  async function verifyInTurn(token: string, digest: string, source: TokenSource): Promise<Identity> {
    // The same token may have been verified during the wait, for example for a page that opens several connections.
    const found = await inTurn(
      source,
      async () => cache.get(digest) ?? (await check.fetchFor?.(token)) ?? verified(),
    );
    if (!("wait" in found)) return found;
    await found.wait(source);
    return inTurn(source, async () => cache.get(digest) ?? verified());

    async function verified(): Promise<Identity> {
      const identity = await identityIn(token);
      if (identity.expiresAt <= wallTime()) throw new AuthError("token_expired", "expired");
      cache.set(digest, identity);
      return identity;
    }
  }

  function inTurn<T>(source: TokenSource, work: () => Promise<T>): Promise<T> {
    const waitingSince = now();
    return turns.run(source, () => {
      observe({ type: "turn", ms: now() - waitingSince, waiting: turns.waiting });
      return work();
    });
  }

  async function identityIn(token: string): Promise<Identity> {
    const claims = await check.claims(token, {
      algorithms: [...check.algorithms],
      clockTolerance: (config.nbfToleranceMs ?? NBF_TOLERANCE_MS) / 1000,
      currentDate: new Date(wallTime()),
      ...(config.issuer !== undefined && { issuer: config.issuer }),
      ...(config.audience !== undefined && { audience: config.audience }),
    });
    const { isUser, maxTokenAgeMs: maxAgeMs } = config;
    return identityOf(claims, { isUser, now: wallTime(), maxAgeMs });
  }

  return { verify, problem: check.problem };
}

function tokenCheck(config: VerifierOptions & Omit<JwksOptions, "url">): TokenCheck {
  const { secrets = [], jwksUrl, jwks, maxWaiting, maxWaitingPerShare, now, observe } = config;
  if (secrets.length > 0 && jwksUrl !== undefined)
    throw new TypeError("secrets and jwksUrl exclude each other: set only one of them");
  if (jwksUrl !== undefined)
    return checkWithJwks({
      ...jwks,
      url: new URL(jwksUrl).href,
      maxWaiting,
      maxWaitingPerShare,
      now,
      observe,
    });
  if (secrets.length > 0) return checkWithSecrets(secrets);
  throw new TypeError("tokens can't be verified: set secrets or jwksUrl");
}

/**
 * Verifies the token of a request to an admin port. Returns the operator's username, or undefined if the token lacks the
 * scope `ops`. Rejects as `verify` does.
 */
export async function verifyOperator(verifier: Verifier, req: IncomingMessage): Promise<string | undefined> {
  const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
  const { user, scopes } = await verifier.verify(token, { share: req.socket.remoteAddress ?? "" });
  return scopes.has(SCOPES.ops) ? user : undefined;
}
