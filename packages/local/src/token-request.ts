import { parseArgs } from "node:util";
import { isUsername } from "@parley/models";

/** What the token command was asked for. */
export type TokenRequest =
  | { readonly type: "help" }
  | {
      readonly type: "token";
      readonly user: string;
      readonly scopes: readonly string[];
      readonly expiresInSeconds: number;
    };

/** What is wrong with the command line; the message is all there is to say. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws a UsageError. */
export function tokenRequest(argv: readonly string[]): TokenRequest {
  const { values, positionals } = parse(argv);
  if (values.help) return { type: "help" };
  const [user, ...more] = positionals;
  if (user === undefined || more.length > 0) throw new UsageError("name one user: run token alice");
  if (!isUsername(user)) throw new UsageError("this is no username: 1 to 64 letters, digits or _ . @ + -");
  const expiresInSeconds = secondsOf(values.expires);
  if (expiresInSeconds === undefined) throw new UsageError("--expires must be like 90s, 15m, 1h or 7d");
  return { type: "token", user, scopes: values.scope, expiresInSeconds };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        scope: { type: "string", multiple: true, default: [] },
        expires: { type: "string", default: "1h" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

function secondsOf(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SECONDS[unit as keyof typeof SECONDS];
}
