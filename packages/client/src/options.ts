import type { WebSocketClass } from "./connection/socket.ts";
import { ParleyError } from "./errors.ts";

/** The options of `connect`. Only `url` and `token` are required. */
export interface ConnectOptions {
  /**
   * The address of the gateway's WebSocket, for example `wss://chat.example.com/ws`. In a page it may be relative to
   * the page's address. It must not contain a user or password.
   */
  readonly url: string;
  /**
   * The address under which `/messages`, `/sync` and `/conversations` are served, for example
   * `https://history.example.com`. Default: the root of `url`'s host.
   */
  readonly historyUrl?: string | undefined;
  /**
   * Returns a JWT for the user, or a promise of one. The SDK calls it before the first connection, before the current
   * token expires, and after the server rejected a token. Return a fresh token each time: if the server rejects
   * tokens before and after a pause of `backoff.maxMs`, the client closes. If `token` throws or takes longer than `requestTimeoutMs`, the SDK tries
   * again after a pause.
   */
  readonly token: () => Promise<string> | string;
  /**
   * Continues after this position: the `cursor` of an earlier client, or a message's `id`. If undefined, see `from`.
   */
  readonly cursor?: string | undefined;
  /**
   * The starting point of a client without a `cursor`. `"now"` delivers the messages sent after the first connection;
   * `"beginning"` delivers every message that the user may see. Default: `"now"`.
   */
  readonly from?: "now" | "beginning" | undefined;
  /** Closes the client when this signal is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The time that one send may take, with all its attempts, in ms. It must be at most half of the server's
   * `DEDUPE_WINDOW_MS`, because the server recognizes a repeated `ref` only within that window. Default: 300,000
   * (5 minutes).
   */
  readonly sendDeadlineMs?: number | undefined;
  /** The maximum number of sends that aren't settled yet. The next one rejects with `queue_full`. Default: 1,000. */
  readonly maxPendingSends?: number | undefined;
  /**
   * The maximum number of live messages that are buffered while the client catches up. If more arrive, the client
   * reads them from `/sync` instead, so none is lost. Default: 1,000.
   */
  readonly maxBufferedMessages?: number | undefined;
  /**
   * The number of messages requested per page while catching up, 1 to 1000. After a failure the client requests
   * smaller pages by itself, for slow links. Default: 500.
   */
  readonly syncPageSize?: number | undefined;
  /**
   * The heartbeat, in ms. After `everyMs` without a frame from the server, the client sends a ping. If no frame
   * arrives within `timeoutMs` after the ping, it drops the connection. So a dead link is detected within the sum of
   * both, or at the third timer in a hidden tab whose timers the browser delays. Default: `{ everyMs: 10_000, timeoutMs: 5_000 }`.
   */
  readonly heartbeat?: { readonly everyMs: number; readonly timeoutMs: number } | undefined;
  /**
   * The wait between attempts, for connections, sends and pages: a random part of `baseMs × 2ⁿ`, capped at `maxMs`.
   * Default: `{ baseMs: 250, maxMs: 15_000 }`.
   */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number } | undefined;
  /** The time that one HTTP request, or one call of `token`, may take, in ms. Default: 15,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** The WebSocket class to use. Default: the platform's own, in browsers and in Node 22 or newer. */
  readonly WebSocket?: WebSocketClass | undefined;
}

export type Settings = ReturnType<typeof resolveOptions>;

/** Returns the options with defaults filled in. Throws `invalid_option` for an option that can never work. */
export function resolveOptions(options: ConnectOptions) {
  const url = parseAddress("url", options.url, "ws");
  const backoff = options.backoff ?? { baseMs: 250, maxMs: 15_000 };
  const settings = {
    url,
    historyUrl: parseAddress("historyUrl", options.historyUrl ?? new URL("/", url).href, "http"),
    from: options.from ?? ("now" as const),
    sends: {
      deadlineMs: options.sendDeadlineMs ?? 300_000,
      maxPending: options.maxPendingSends ?? 1_000,
      backoff,
    },
    maxBuffered: options.maxBufferedMessages ?? 1_000,
    syncPageSize: options.syncPageSize ?? 500,
    heartbeat: options.heartbeat ?? { everyMs: 10_000, timeoutMs: 5_000 },
    backoff,
    requestTimeoutMs: options.requestTimeoutMs ?? 15_000,
    WebSocket:
      options.WebSocket ?? (globalThis.WebSocket as WebSocketClass | undefined) ?? failWithoutWebSocket(),
  };
  assertNumbers(settings);
  if (typeof options.token !== "function") fail("token must be a function");
  return settings;
}

function assertNumbers(settings: Omit<Settings, "WebSocket">): void {
  const { sends, backoff, heartbeat, maxBuffered, syncPageSize, requestTimeoutMs } = settings;
  const numbers = { ...sends, ...backoff, ...heartbeat, maxBuffered, syncPageSize, requestTimeoutMs };
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === "number" && !(value > 0)) fail(`${name} must be more than 0`);
  }
  if (!Number.isInteger(syncPageSize) || syncPageSize > 1_000) {
    fail("syncPageSize must be a whole number from 1 to 1000");
  }
}

/**
 * Returns an absolute address with the given scheme, `ws` or `http`. If the address uses TLS, the result does too.
 */
function parseAddress(option: string, text: string, scheme: "ws" | "http"): string {
  let url: URL;
  try {
    url = new URL(text, (globalThis as { location?: { href: string } }).location?.href);
  } catch {
    return fail(`${option} must be an absolute URL, or in a page one relative to it`);
  }
  if (!/^(ws|http)s?:$/.test(url.protocol)) fail(`${option} must begin with ws, wss, http or https`);
  if (url.username !== "" || url.password !== "") fail(`${option} must not contain a user or password`);
  url.hash = "";
  return url.href.replace(/^(ws|http)/, scheme);
}

function failWithoutWebSocket(): never {
  return fail("this platform has no WebSocket; pass a class as the option WebSocket");
}

function fail(problem: string): never {
  throw new ParleyError("invalid_option", `connect: ${problem}.`);
}
