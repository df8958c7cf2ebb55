import { Failure, usageError } from "../terminal/failure.ts";
import { parseHttpAddress } from "./addresses.ts";
import { type JsonRequest, RequestRefused, requestJson } from "./request-json.ts";

export interface AdminOptions {
  readonly adminUrl: string;
  readonly token: string | undefined;
}

export interface AdminRequest extends Pick<JsonRequest, "method" | "body" | "signal"> {
  /** The command, for errors. */
  readonly command: string;
  /** What to do if the admin port doesn't have the path. */
  readonly whereHint: string;
}

const TOKEN_HINT = "Get a token with: parley token me --scope ops";

/** Sends a request to an admin port with a token of scope `ops`. Rejects with a Failure that says what to do. */
export async function requestAdmin(
  { adminUrl, token }: AdminOptions,
  path: string,
  { command, whereHint, ...request }: AdminRequest,
): Promise<unknown> {
  const base = parseHttpAddress("--admin-url", adminUrl);
  if (token === undefined)
    throw usageError(
      `${command} needs a token with the scope ops: pass --token or set PARLEY_TOKEN`,
      TOKEN_HINT,
    );
  try {
    return await requestJson(base + path, { ...request, token });
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    // A path with an id is missing because its item is.
    if (error.status === 404 && (request.method ?? "GET") === "GET")
      throw new Failure(error.exitCode, `${base} has no ${collectionOf(path)}`, whereHint);
    const isTokenRefused = error.status === 401 || error.status === 403;
    throw new Failure(error.exitCode, error.message, isTokenRefused ? TOKEN_HINT : undefined);
  }
}

/** Returns the name of what a path lists, in words. */
function collectionOf(path: string): string {
  const [, name = ""] = path.split(/[/?]/);
  return name.replaceAll("-", " ");
}
