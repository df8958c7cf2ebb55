import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { fields, listOf, parsed } from "./fields.ts";
import { type Group, group } from "./read.ts";

/** What `createVerifier` of @parley/auth takes, and whether tokens for a first try are given out (P60, P61). */
export interface AuthSettings {
  /** HS256. The first signs, any verifies. Undefined with `jwksUrl`, and where none is required and none is given. */
  readonly secrets: readonly string[] | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** Undefined where nothing is said and the app may decide (P60); false in production and with a key set. */
  readonly devTokens: boolean | undefined;
}

const MIN_SECRET_BYTES = 32;

const authVariables = {
  JWT_SECRET: parsed(`at least ${MIN_SECRET_BYTES} bytes, each of them if several`, secretsOf)
    .optional()
    .describe(
      "What tokens are signed with (HS256), at least 32 bytes. Several, separated by commas, while one is replaced: the first signs, any verifies. The three services need this or `JWT_JWKS_URL`, a persister for `/dead-letters`; standalone makes one and keeps it in `DATA_DIR`.",
    ),
  JWT_JWKS_URL: fields
    .httpUrl()
    .describe(
      "Where your issuer's public keys are (RS256, ES256, EdDSA). Excludes `JWT_SECRET`. https, but for a trial.",
    ),
  JWT_ISSUER: fields.text().describe("The `iss` that a token must have."),
  JWT_AUDIENCE: fields.text().describe("The `aud` that a token must have."),
  AUTH_DEV_TOKENS: fields.optionalFlag().meta({
    description:
      "Whether `POST /auth/token` gives a token to anybody who asks (P60): for a first try. Refused where `NODE_ENV` is `production`, and with `JWT_JWKS_URL`.",
    defaultInWords: "false; standalone on a loopback `HOST`: true",
  }),
  NODE_ENV: z.string().optional().describe("`production` refuses what is meant for a first try."),
};

/**
 * The variables about tokens, for `readEnv({ auth: auth() })`. Refuses to have neither JWT_SECRET nor JWT_JWKS_URL,
 * unless `required` is false: then the app makes a secret of its own (`keptSecret`).
 */
export function auth({ required = true }: { readonly required?: boolean } = {}): Group<AuthSettings> {
  return group(authVariables, (env) => {
    const { JWT_SECRET: secrets, JWT_JWKS_URL: jwksUrl, AUTH_DEV_TOKENS: devTokens } = env;
    const isProduction = env.NODE_ENV === "production";
    const hasKeys = secrets !== undefined || jwksUrl !== undefined;
    refuse([
      [required && !hasKeys, "JWT_SECRET is missing: tokens are verified with it, or with JWT_JWKS_URL"],
      [secrets && jwksUrl, "JWT_SECRET and JWT_JWKS_URL exclude each other: set one of them"],
      [devTokens && isProduction, "AUTH_DEV_TOKENS must not be true where NODE_ENV is production"],
      [
        devTokens && jwksUrl,
        "AUTH_DEV_TOKENS needs JWT_SECRET: with JWT_JWKS_URL nothing here can sign a token",
      ],
    ]);
    return {
      secrets,
      jwksUrl,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
      devTokens: isProduction || jwksUrl !== undefined ? false : devTokens,
    };
  });
}

function refuse(rules: readonly (readonly [broken: unknown, problem: string])[]): void {
  const problems = rules.filter(([broken]) => broken).map(([, problem]) => problem);
  if (problems.length > 0) throw new ConfigError(problems);
}

function secretsOf(text: string): string[] | undefined {
  const secrets = listOf(text);
  const good = secrets.length > 0 && secrets.every((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES);
  return good ? secrets : undefined;
}
