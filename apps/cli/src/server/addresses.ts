import { usageError } from "../terminal/failure.ts";

/** The addresses derived from `--url` and `--history-url`. None ends with a slash. */
export interface Addresses {
  readonly base: string;
  readonly webSocket: string;
  readonly history: string;
}

/** `url` is the server's address, with or without `/ws`. Throws a usage Failure for an invalid address. */
export function resolveAddresses(url: string, historyUrl: string | undefined): Addresses {
  const base = parseHttpAddress("--url", url).replace(/\/ws$/, "");
  return {
    base,
    webSocket: `${base.replace(/^http/, "ws")}/ws`,
    history: historyUrl === undefined ? base : parseHttpAddress("--history-url", historyUrl),
  };
}

/**
 * Returns the address without a slash at its end. Replaces the schemes `ws` and `wss` with `http` and `https`. Throws
 * a usage Failure if the address is invalid.
 */
export function parseHttpAddress(flag: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^(http|ws)s?:$/.test(url.protocol)) {
    throw usageError(`${flag} must be an address such as http://localhost:8080`);
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError(`${flag} must not contain a user or password`);
  }
  return `${url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin}${url.pathname}`
    .replace(/^ws/, "http")
    .replace(/\/+$/, "");
}
