import { isUsername } from "@parley/models";
import { printable } from "../terminal/escape.ts";
import { EXIT, Failure, usage } from "../terminal/failure.ts";
import { ask, RequestRefused } from "./request-json.ts";

/** Who a command speaks for: a token, or a user for whom the server gives one out (P60). */
export interface Identity {
  readonly token: string | undefined;
  readonly as: string | undefined;
}

/**
 * What the SDK asks for tokens. The first one is fetched before this resolves, so that a server that gives none out
 * is a clear failure and no endless trying. Rejects with a Failure.
 */
export async function tokens(
  { token, as }: Identity,
  base: string,
  signal: AbortSignal,
): Promise<() => Promise<string>> {
  if (as !== undefined) {
    let first: string | undefined = await developmentToken(base, as, signal);
    return async () => {
      const given = first ?? (await developmentToken(base, as, signal));
      first = undefined;
      return given;
    };
  }
  if (token === undefined) {
    throw usage(
      "say who you are: --as alice (a server for a first try gives alice a token), or --token, or PARLEY_TOKEN",
    );
  }
  return async () => token;
}

/** A token for a first try, from the server (P60). Rejects with a Failure. */
export async function developmentToken(base: string, user: string, signal: AbortSignal): Promise<string> {
  assertUsername(user);
  const answer = await ask(`${base}/auth/token`, { method: "POST", body: { username: user }, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof RequestRefused && error.status === 404)) throw error;
      throw new Failure(
        error.exitCode,
        `${base} gives no tokens out`,
        "Come with --token or PARLEY_TOKEN. Where you have the server's JWT_SECRET: parley token alice",
      );
    },
  );
  const { token } = (answer ?? {}) as { token?: unknown };
  if (typeof token === "string" && token !== "") return token;
  throw new Failure(EXIT.unreachable, `${base} answered without a token: it is no Parley`);
}

/** Throws a usage Failure (P4). */
export function assertUsername(text: string): void {
  if (isUsername(text)) return;
  throw usage(`this is no username: ${printable(text)} (1 to 64 letters, digits or _ . @ + -)`);
}
