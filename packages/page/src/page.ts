import { createHash } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import type { PageFile } from "./files.ts";

export interface Page {
  /**
   * Answers a GET or HEAD for one of the page's files; `/` only for who takes HTML, as a browser says it does.
   * False: the request is none of the page's, and nothing was done.
   */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * Nothing from another host, nothing inline, no frame around it: whatever of a message were ever taken for markup could
 * load and run nothing, and tell nobody. `'self'` covers the WebSocket of the same host.
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

interface Answer {
  readonly headers: OutgoingHttpHeaders;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

/** Holds the files in memory, ready to be sent. */
export function createPage(files: readonly PageFile[]): Page {
  const answers = new Map(files.map((file) => [file.path, answerOf(file)]));
  return {
    answer(req, res) {
      const path = (req.url ?? "").split("?", 1)[0] ?? "";
      const answer = answers.get(path);
      const isRead = req.method === "GET" || req.method === "HEAD";
      if (!answer || !isRead || (path === "/" && !takesHtml(req))) return false;
      send(req, res, answer);
      return true;
    },
  };
}

/** Whether the client asks for HTML by name, as browsers do; curl and fetch take whatever there is. */
export function takesHtml({ headers }: IncomingMessage): boolean {
  return /\btext\/html\b/i.test(headers.accept ?? "");
}

/** A file with a hash in its name never changes; the page itself is asked for again each time, and is mostly a 304. */
function answerOf({ path, type, gzip }: PageFile): Answer {
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

function send(req: IncomingMessage, res: ServerResponse, { headers, etag, plain, gzip }: Answer): void {
  const known = (req.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim());
  if (known.includes(etag)) return void res.writeHead(304, { ...headers, etag }).end();
  const packed = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/i.test(String(req.headers["accept-encoding"] ?? ""));
  const body = packed ? gzip : plain;
  res.writeHead(200, {
    ...headers,
    etag,
    "content-length": body.length,
    ...(packed && { "content-encoding": "gzip" }),
  });
  res.end(req.method === "HEAD" ? undefined : body);
}
