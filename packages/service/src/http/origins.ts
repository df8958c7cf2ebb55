import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Decides which pages may connect (ALLOWED_ORIGINS). A request still needs a token, which decides its user and
 * rights.
 */
export interface OriginPolicy {
  /** Allows a request without Origin, because it doesn't come from a browser page. `host` is the Host header. */
  permits(origin: string | undefined, host: string | undefined): boolean;
  /** Returns the CORS headers for any response. They allow access only if the origin is permitted. */
  corsHeaders(origin: string | undefined, host: string | undefined): Record<string, string>;
}

const EXPOSED = "Link, Retry-After";
/** Time that a browser may cache the response to a preflight, in seconds. */
const PREFLIGHT_SECONDS = "600";

/**
 * Creates a policy that permits these origins (in `originOf` form, or `*`). If `allowed` is undefined, only the
 * server's own origin is permitted.
 */
export function createOriginPolicy({
  allowed,
}: {
  readonly allowed: readonly string[] | undefined;
}): OriginPolicy {
  function permits(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || allowed?.includes("*")) return true;
    const normalized = originOf(origin);
    if (normalized === undefined) return false;
    return allowed ? allowed.includes(normalized) : isSameHost(normalized, host);
  }

  function corsHeaders(origin: string | undefined, host: string | undefined): Record<string, string> {
    const vary = { vary: "Origin" };
    if (origin === undefined || !permits(origin, host)) return vary;
    return { ...vary, "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED };
  }

  return { permits, corsHeaders };
}

/**
 * Sets the policy's CORS headers on the response. A preflight request is answered completely: the result is then true
 * and the caller has nothing left to do. `methods` lists the methods of the routes, such as "GET".
 */
export function answerCors(
  policy: OriginPolicy,
  req: IncomingMessage,
  res: ServerResponse,
  methods: string,
): boolean {
  const { origin, host } = req.headers;
  const headers = policy.corsHeaders(origin, host);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  const isPreflight = req.method === "OPTIONS" && req.headers["access-control-request-method"] !== undefined;
  if (!isPreflight) return false;
  if ("access-control-allow-origin" in headers) {
    res.setHeader("access-control-allow-methods", methods);
    res.setHeader("access-control-allow-headers", "Authorization, Content-Type");
    res.setHeader("access-control-max-age", PREFLIGHT_SECONDS);
  }
  res.writeHead(204).end();
  return true;
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
