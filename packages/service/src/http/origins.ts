import type { IncomingMessage, ServerResponse } from "node:http";

/** Which pages' scripts may talk to this server (ALLOWED_ORIGINS). Tokens decide who may do what; this only where from. */
export interface OriginPolicy {
  /** A request without Origin comes from no page: permitted. `host` is the Host header. */
  permits(origin: string | undefined, host: string | undefined): boolean;
  /** For any answer to a request with these headers: without the permission where there is none. */
  corsHeaders(origin: string | undefined, host: string | undefined): Record<string, string>;
}

const EXPOSED = "Link, Retry-After";
/** How long a browser may remember a preflight's answer, in seconds. */
const PREFLIGHT_SECONDS = "600";

/** `allowed`: origins as `originOf` writes them, or `*`. Undefined: only the origin that is the server's own. */
export function createOriginPolicy({
  allowed,
}: {
  readonly allowed: readonly string[] | undefined;
}): OriginPolicy {
  function permits(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || allowed?.includes("*")) return true;
    const known = originOf(origin);
    if (known === undefined) return false;
    return allowed ? allowed.includes(known) : isSameHost(known, host);
  }

  function corsHeaders(origin: string | undefined, host: string | undefined): Record<string, string> {
    const vary = { vary: "Origin" };
    if (origin === undefined || !permits(origin, host)) return vary;
    return { ...vary, "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED };
  }

  return { permits, corsHeaders };
}

/**
 * Puts the policy's headers on the answer, and answers a preflight whole: true then, and nothing is left to do.
 * `methods` are those of the routes behind it, such as "GET".
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

/** The origin in the form that browsers send, or undefined for text that is none: a path or a user is none. */
export function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  return url.href === `${url.origin}/` ? url.origin : undefined;
}

/** By host and port alone: behind a proxy that ends TLS a server does not know its own scheme. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  const { protocol, host: originHost } = new URL(origin);
  return URL.parse(`${protocol}//${host}`)?.host === originHost;
}
