import { usage } from "../terminal/failure.ts";

/** The addresses that one `--url` stands for. */
export interface Addresses {
  /** Without a slash at its end. */
  readonly base: string;
  readonly webSocket: string;
  readonly history: string;
}

/** `url` is where Parley is, with or without `/ws`; `historyUrl` where history is, if elsewhere. Throws a usage Failure. */
export function addressesOf(url: string, historyUrl: string | undefined): Addresses {
  const base = httpAddress("--url", url).replace(/\/ws$/, "");
  return {
    base,
    webSocket: `${base.replace(/^http/, "ws")}/ws`,
    history: historyUrl === undefined ? base : httpAddress("--history-url", historyUrl),
  };
}

/** An http address without a slash at its end; `ws` counts as `http`. */
export function httpAddress(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^(http|ws)s?:$/.test(url.protocol)) {
    throw usage(`${name} must be an address such as http://localhost:8080`);
  }
  if (url.username !== "" || url.password !== "") throw usage(`${name} must hold no user or password`);
  return `${url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin}${url.pathname}`
    .replace(/^ws/, "http")
    .replace(/\/+$/, "");
}
