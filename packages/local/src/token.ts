import { issueToken } from "@parley/auth";
import { auth, ConfigError, keptSecret, readEnv, variables } from "@parley/service";
import { tokenRequest, UsageError } from "./token-request.ts";

const HELP = `Prints a token for a user of this machine's Parley, and nothing else.

  npx pnpm@12 run token <username> [--scope <scope>]... [--expires <duration>]

  --scope     what the token may do besides: history:read (read any history), ops (dead letters)
  --expires   how long it holds: 90s, 15m, 1h, 7d (default 1h)

It is signed with JWT_SECRET, or with the secret that \`start\` and \`start:split\` keep in DATA_DIR (default data).
JWT_ISSUER and JWT_AUDIENCE are put into it where they are set.
`;

async function main(argv: readonly string[]): Promise<string> {
  const request = tokenRequest(argv);
  if (request.type === "help") return HELP;
  const { user, scopes, expiresInSeconds } = request;
  const env = readEnv({ DATA_DIR: variables.DATA_DIR("data"), auth: auth({ required: false }) });
  const { secrets, jwksUrl, issuer, audience } = env.auth;
  if (jwksUrl)
    throw new UsageError("with JWT_JWKS_URL nothing here can sign a token: ask its issuer for one");
  const secret = secrets?.[0] ?? (await keptSecret(env.DATA_DIR));
  const { token } = await issueToken({ user, secret, scopes, expiresInSeconds, issuer, audience });
  return `${token}\n`;
}

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
  process.stderr.write(`token: ${error.message}\n       --help says more\n`);
  process.exitCode = 1;
}
