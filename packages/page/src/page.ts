import { createHash } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import type { PageFile } from "./files.ts";

/** Serves the web page. */
export interface Page {
  /**
   * Answers a GET or HEAD request for one of the page's files. Answers `/` only if the client accepts HTML, as
   * browsers do. Returns false, without answering, for any other request.
   */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * The Content-Security-Policy: no resources from other hosts, nothing inline, no framing. If a message's text were
 * ever rendered as markup, it could run no code and send no data elsewhere. `'self'` includes the host's own
 * WebSocket.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const SECURITY = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Maximum number of entity tags of a request that are looked at. A browser sends one (G5). */
const MAX_TAGS = 32;

/** A file, prepared for sending. */
interface PreparedFile {
  readonly headers: OutgoingHttpHeaders;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

/** Creates a page that serves these files from memory. */
export function createPage(files: readonly PageFile[]): Page {
  const prepared = new Map(files.map((file) => [file.path, prepare(file)]));
  return {
    answer(req, res) {
      const path = (req.url ?? "").split("?", 1)[0] ?? "";
      const file = prepared.get(path);
      const isRead = req.method === "GET" || req.method === "HEAD";
      if (!file || !isRead || (path === "/" && !acceptsHtml(req))) return false;
      send(req, res, file);
      return true;
    },
  };
}

/** Tells if a request asks for HTML by name, as browsers do. curl and fetch accept any type, which isn't enough. */
export function acceptsHtml({ headers }: IncomingMessage): boolean {
  return /\btext\/html\b/i.test(headers.accept ?? "");
}

/** Sets caching by path: files with a hash in their name never change; `/` is revalidated on each request. */
function prepare({ path, type, gzip }: PageFile): PreparedFile {
  const bytes = Buffer.from(gzip, "base64");
  const cache =
    path === "/"
      ? { "cache-control": "no-cache", vary: "Accept, Accept-Encoding" }
      : { "cache-control": "public, max-age=31536000, immutable", vary: "Accept-Encoding" };
  return {
    headers: { "content-type": type, ...cache, ...SECURITY },
    etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    plain: gunzipSync(bytes),
    gzip: bytes,
  };
}

function send(req: IncomingMessage, res: ServerResponse, { headers, etag, plain, gzip }: PreparedFile): void {
  const cachedTags = (req.headers["if-none-match"] ?? "").split(",", MAX_TAGS).map((tag) => tag.trim());
  if (cachedTags.includes(etag)) return void res.writeHead(304, { ...headers, etag }).end();
  const acceptsGzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/i.test(String(req.headers["accept-encoding"] ?? ""));
  const body = acceptsGzip ? gzip : plain;
  res.writeHead(200, {
    ...headers,
    etag,
    "content-length": body.length,
    ...(acceptsGzip && { "content-encoding": "gzip" }),
  });
  res.end(req.method === "HEAD" ? undefined : body);
}
