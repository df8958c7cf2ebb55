import type { WebSocketClass } from "./connection/socket.ts";
import { ParleyError } from "./errors.ts";

export interface ConnectOptions {
  /** The gateway's WebSocket, `wss://…/ws`; in a page also relative to it. */
  readonly url: string;
  /** Where `/sync` and `/messages` are served, `https://…`. Default: the same host as `url`. */
  readonly historyUrl?: string | undefined;
  /** Gives a JWT that is still good for a while; asked again whenever one is about to end or was refused. */
  readonly token: () => Promise<string> | string;
  /** Where to go on: a `cursor` that an earlier client had. Without one, see `from`. */
  readonly cursor?: string | undefined;
  /** Without a cursor: "now" (default) brings what comes from the first connection on, "beginning" everything. */
  readonly from?: "now" | "beginning" | undefined;
  /** Closes the client when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** How long a send may take in all, in ms; at most half the server's dedupe window. Default 5 minutes. */
  readonly sendDeadlineMs?: number | undefined;
  /** How many sends may wait or be under way. Default 1,000. */
  readonly maxPendingSends?: number | undefined;
  /** How many live messages may wait while catching up. Default 1,000. */
  readonly maxBufferedMessages?: number | undefined;
  /** Messages a page of catching up, 1–1000. Default 500. */
  readonly syncPageSize?: number | undefined;
  /** A dead link is noticed within the sum of both, in ms. Default 10,000 + 5,000. */
  readonly heartbeat?: { readonly everyMs: number; readonly timeoutMs: number } | undefined;
  /** Waiting between tries: full jitter over `baseMs × 2^n`, at most `maxMs`. Default 250 and 15,000. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number } | undefined;
  /** How long an HTTP request or `token()` may take, in ms. Default 15,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Default: the platform's own (browsers, Node from 22 on). */
  readonly WebSocket?: WebSocketClass | undefined;
}

export type Settings = ReturnType<typeof settingsOf>;

/** The options with their defaults. Throws `invalid_option` for what could never work. */
export function settingsOf(options: ConnectOptions) {
  const url = addressOf("url", options.url, "ws");
  const retry = options.backoff ?? { baseMs: 250, maxMs: 15_000 };
  const settings = {
    url,
    historyUrl: addressOf("historyUrl", options.historyUrl ?? new URL("/", url).href, "http"),
    from: options.from ?? ("now" as const),
    sends: {
      deadlineMs: options.sendDeadlineMs ?? 300_000,
      maxPending: options.maxPendingSends ?? 1_000,
      retry,
    },
    maxBuffered: options.maxBufferedMessages ?? 1_000,
    syncPageSize: options.syncPageSize ?? 500,
    heartbeat: options.heartbeat ?? { everyMs: 10_000, timeoutMs: 5_000 },
    backoff: retry,
    requestTimeoutMs: options.requestTimeoutMs ?? 15_000,
    WebSocket: options.WebSocket ?? (globalThis.WebSocket as WebSocketClass | undefined) ?? missing(),
  };
  assertNumbers(settings);
  if (typeof options.token !== "function") invalid("token must be a function");
  return settings;
}

function assertNumbers(settings: Omit<Settings, "WebSocket">): void {
  const { sends, backoff, heartbeat, maxBuffered, syncPageSize, requestTimeoutMs } = settings;
  const numbers = { ...sends, ...backoff, ...heartbeat, maxBuffered, syncPageSize, requestTimeoutMs };
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === "number" && !(value > 0)) invalid(`${name} must be more than 0`);
  }
  if (!Number.isInteger(syncPageSize) || syncPageSize > 1_000) invalid("syncPageSize must be 1 to 1000");
}

/** An absolute address with the scheme of its use: `ws` or `http`, with an `s` where there was one. */
function addressOf(name: string, text: string, scheme: "ws" | "http"): string {
  let url: URL;
  try {
    url = new URL(text, (globalThis as { location?: { href: string } }).location?.href);
  } catch {
    return invalid(`${name} is no address`);
  }
  if (!/^(ws|http)s?:$/.test(url.protocol)) invalid(`${name} must begin with ws, wss, http or https`);
  if (url.username !== "" || url.password !== "") invalid(`${name} must hold no user or password`);
  url.hash = "";
  return url.href.replace(/^(ws|http)/, scheme);
}

function missing(): never {
  return invalid("this platform has no WebSocket: hand one in");
}

function invalid(message: string): never {
  throw new ParleyError("invalid_option", `connect: ${message}.`);
}
