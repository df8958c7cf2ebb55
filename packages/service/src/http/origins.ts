import type { IncomingMessage, ServerResponse } from "node:http";
import { ChatError } from "@parley/models";

/**
 * Decides which pages may connect (ALLOWED_ORIGINS). A request still needs a token, which decides its user and
 * rights.
 */
export interface OriginPolicy {
  /** Allows a request without Origin, because it doesn't come from a browser page. `host` is the Host header. */
  permits(origin: string | undefined, host: string | undefined): boolean;
  /** Throws `origin_not_allowed` for a request from a page that isn't permitted. The message names the origin. */
  assertPermitted(req: IncomingMessage): void;
}

export interface OriginPolicyOptions {
  /**
   * The permitted origins, beside the server's own: in `originOf` form, `*` for any, or a loopback origin with any port
   * (`http://localhost:*`).
   */
  readonly allowed: readonly string[] | undefined;
  /** Called once for each of the first origins that are refused. */
  readonly onRefused?: (origin: string) => void;
}

/** Loopback origins of any port, for development. */
export const LOOPBACK_ORIGINS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"].flatMap((host) => [
  `http://${host}:*`,
  `https://${host}:*`,
]);

const EXPOSED = "Link, Retry-After";
/** Time that a browser may cache the response to a preflight, in seconds. */
const PREFLIGHT_SECONDS = "600";
/** The number of refused origins that are reported. Each one is in a client's control (G5). */
const MAX_REPORTED = 100;

/** Creates a policy that permits the server's own origin and these. */
export function createOriginPolicy({ allowed = [], onRefused }: OriginPolicyOptions): OriginPolicy {
  const reported = new Set<string>();

  function permits(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || allowed.includes("*")) return true;
    const normalized = originOf(origin);
    if (normalized === undefined) return false;
    return (
      isSameHost(normalized, host) || allowed.includes(normalized) || allowed.includes(anyPort(normalized))
    );
  }

  function assertPermitted({ headers }: IncomingMessage): void {
    const { origin, host } = headers;
    if (permits(origin, host)) return;
    // Any other text may be of any length and content.
    const page = originOf(origin ?? "") ?? "null";
    if (!reported.has(page) && reported.size < MAX_REPORTED) {
      reported.add(page);
      onRefused?.(page);
    }
    const message = `Pages of the origin ${page} aren't allowed. If this page is yours, add its origin to the server's ALLOWED_ORIGINS.`;
    throw new ChatError("origin_not_allowed", { message });
  }

  return { permits, assertPermitted };
}

/**
 * Sets the CORS headers by which a permitted page may read the response. A preflight request is answered completely: the
 * result is then true and the caller has nothing left to do. `methods` lists the methods of the routes, such as "GET".
 *
 * A preflight is answered for every page, so that the request follows and its refusal can be read (see `sendProblem`).
 * So the caller must refuse the request with `assertPermitted`.
 */
export function answerCors(
  policy: OriginPolicy,
  req: IncomingMessage,
  res: ServerResponse,
  methods: string,
): boolean {
  const { origin, host } = req.headers;
  res.setHeader("vary", "Origin");
  if (origin !== undefined && policy.permits(origin, host)) allowReading(res, origin);
  const isPreflight = req.method === "OPTIONS" && req.headers["access-control-request-method"] !== undefined;
  if (!isPreflight) return false;
  if (origin !== undefined) {
    allowReading(res, origin);
    res.setHeader("access-control-allow-methods", methods);
    res.setHeader("access-control-allow-headers", "Authorization, Content-Type");
    res.setHeader("access-control-max-age", PREFLIGHT_SECONDS);
  }
  res.writeHead(204).end();
  return true;
}

/** Lets a page of this origin read the response. */
export function allowReading(res: ServerResponse, origin: string): void {
  res.setHeader("access-control-allow-origin", origin);
  res.setHeader("access-control-expose-headers", EXPOSED);
}

/** Returns the loopback origin with `*` as its port. Returns "" for any other origin. */
function anyPort(origin: string): string {
  const { protocol, hostname } = new URL(origin);
  const pattern = `${protocol}//${hostname}:*`;
  return LOOPBACK_ORIGINS.includes(pattern) ? pattern : "";
}

/** Normalizes an origin to the form that browsers send. Returns undefined for other text, such as a URL with a path. */
export function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  return url.href === `${url.origin}/` ? url.origin : undefined;
}

/** Compares host and port only: behind a proxy that terminates TLS, the server doesn't know its own scheme. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  const { protocol, host: originHost } = new URL(origin);
  return URL.parse(`${protocol}//${host}`)?.host === originHost;
}
