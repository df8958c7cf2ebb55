import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { fields, listOf, parsed, secret } from "./fields.ts";
import { type Group, group } from "./read.ts";

/** Settings for `createVerifier` of @parley/auth, and whether development tokens are issued (P60, P61). */
export interface AuthSettings {
  /**
   * HS256 secrets: the first signs tokens, each of them verifies. Undefined with `jwksUrl`, or if none is required
   * and none is set.
   */
  readonly secrets: readonly string[] | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** The maximum age of a token, by its `iat` (P65). Undefined: none. */
  readonly maxTokenAgeMs: number | undefined;
  /** Tolerance for `nbf`, in case the issuer's clock is ahead. */
  readonly nbfToleranceMs: number;
  /**
   * Maximum number of tokens that wait to be verified, in total (`maxWaiting`), and of one address or user
   * (`maxWaitingPerShare`).
   */
  readonly maxWaiting: number;
  readonly maxWaitingPerShare: number;
  /** Undefined if unset: the app decides (P60). Always false in production and with `jwksUrl`. */
  readonly devTokens: boolean | undefined;
}

/** Minimum length of a secret in UTF-8, as @parley/auth requires it. */
export const MIN_SECRET_BYTES = 32;

const authVariables = {
  JWT_SECRET: secret(
    parsed(`at least ${MIN_SECRET_BYTES} bytes, each of them if several`, secretsOf).optional(),
  ).describe(
    "The secret that signs tokens (HS256), at least 32 bytes. To replace a secret, set several, separated by commas: the first signs, any verifies. All three services require this or `JWT_JWKS_URL` (a persister checks tokens for `/dead-letters`). Standalone creates a secret in `DATA_DIR` if none is set.",
  ),
  JWT_JWKS_URL: fields
    .httpUrl()
    .describe(
      "URL of your issuer's public keys (RS256, ES256, EdDSA). Cannot be combined with `JWT_SECRET`. Must be https if `NODE_ENV` is `production`. At most 256 KiB and 100 keys are read.",
    ),
  JWT_ISSUER: fields.text().describe("The `iss` that tokens must have. Not checked if unset."),
  JWT_AUDIENCE: fields
    .text()
    .describe(
      "The `aud` that tokens must have. Not checked if unset. Required with `JWT_JWKS_URL` if `NODE_ENV` is `production`, because an issuer may also sign tokens for other applications.",
    ),
  JWT_NBF_TOLERANCE_MS: fields
    .milliseconds(30_000, { max: 300_000 })
    .describe(
      "How far in the future the `nbf` of a token may be, in case the issuer's clock is ahead. There is no tolerance for `exp`.",
    ),
  MAX_TOKEN_AGE: fields
    .optionalCount({ max: 1_000_000_000 })
    .describe(
      "The longest time in seconds for which a token is accepted after its `iat`, whatever its `exp` says. A token without `iat` is refused then. Revocations of tokens that are older than this are forgotten (P65), so set it to the same value for all processes, and revocations don't pile up. Not checked if unset.",
    ),
  MAX_TOKENS_WAITING: fields
    .count(20_000, { max: 1_000_000 })
    .describe(
      "Tokens that wait to be verified in one process, at most. More get 503 (`overloaded`). At the limit the newest one of the address or user with the most waiting tokens makes room for others.",
    ),
  MAX_TOKENS_WAITING_PER_ADDRESS: fields
    .count(5_000, { max: 1_000_000 })
    .describe(
      "The same for tokens from one address (an IPv6 /64), and for renewals of one user. Many people behind one proxy that isn't in `TRUST_PROXY` count as one address.",
    ),
  AUTH_DEV_TOKENS: fields.optionalFlag().meta({
    description:
      "Whether `POST /auth/token` issues a token for any username (P60). For trying Parley out only: refused if `NODE_ENV` is `production` or `JWT_JWKS_URL` is set.",
    defaultInWords: "false; standalone on a loopback `HOST`: true",
  }),
  NODE_ENV: z
    .string()
    .optional()
    .describe("`production` refuses settings that are only for trying Parley out."),
};

/**
 * The variables about tokens, for `readEnv({ auth: auth() })`. Requires JWT_SECRET or JWT_JWKS_URL unless `required`
 * is false. Then, if neither is set, the app creates a secret with `loadOrCreateSecret`.
 */
export function auth({ required = true }: { readonly required?: boolean } = {}): Group<AuthSettings> {
  return group(authVariables, (env) => {
    const { JWT_SECRET: secrets, JWT_JWKS_URL: jwksUrl, AUTH_DEV_TOKENS: devTokens } = env;
    const isProduction = env.NODE_ENV === "production";
    const hasKeys = secrets !== undefined || jwksUrl !== undefined;
    assertRules([
      [required && !hasKeys, "JWT_SECRET is missing: set JWT_SECRET or JWT_JWKS_URL to verify tokens"],
      [secrets && jwksUrl, "JWT_SECRET and JWT_JWKS_URL exclude each other: set only one of them"],
      [
        isProduction && jwksUrl !== undefined && env.JWT_AUDIENCE === undefined,
        "JWT_AUDIENCE is missing: with JWT_JWKS_URL, tokens that the issuer signed for other applications would be accepted. Set it to the audience of the tokens for this chat",
      ],
      [
        isProduction && jwksUrl !== undefined && new URL(jwksUrl).protocol !== "https:",
        "JWT_JWKS_URL must begin with https:// if NODE_ENV is production: whoever can change the network's traffic could sign tokens for any user",
      ],
      [
        devTokens && isProduction,
        "AUTH_DEV_TOKENS must not be true if NODE_ENV is production: unset one of them",
      ],
      [
        devTokens && jwksUrl,
        "AUTH_DEV_TOKENS needs JWT_SECRET: this server cannot sign tokens with JWT_JWKS_URL, so unset one of them",
      ],
    ]);
    return {
      secrets,
      jwksUrl,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
      maxTokenAgeMs: env.MAX_TOKEN_AGE === undefined ? undefined : env.MAX_TOKEN_AGE * 1_000,
      nbfToleranceMs: env.JWT_NBF_TOLERANCE_MS,
      maxWaiting: env.MAX_TOKENS_WAITING,
      maxWaitingPerShare: env.MAX_TOKENS_WAITING_PER_ADDRESS,
      devTokens: isProduction || jwksUrl !== undefined ? false : devTokens,
    };
  });
}

/** Throws one ConfigError with the problem of every broken rule. */
function assertRules(rules: readonly (readonly [isBroken: unknown, problem: string])[]): void {
  const problems = rules.filter(([isBroken]) => isBroken).map(([, problem]) => problem);
  if (problems.length > 0) throw new ConfigError(problems);
}

function secretsOf(text: string): string[] | undefined {
  const secrets = listOf(text);
  const isValid =
    secrets.length > 0 && secrets.every((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES);
  return isValid ? secrets : undefined;
}
