import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { createDocuments } from "@parley/documents";
import { acceptsGzip } from "@parley/service";
import type { RequestHandler } from "express";

/** A response that is the same for everybody. */
interface FixedResponse {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly gzip: Buffer;
}

/**
 * Handlers by path: `/openapi.json`, `/asyncapi.json`, and `/docs`, a page that shows both documents. Requests for
 * them need no token and count in no limit, because the bytes are created only once. This happens on the first
 * request, because most processes never get one.
 */
export function documentRoutes(): Readonly<Record<string, RequestHandler>> {
  let responses: ReturnType<typeof createResponses> | undefined;
  const handlerOf =
    (name: keyof ReturnType<typeof createResponses>): RequestHandler =>
    (req, res) => {
      responses ??= createResponses();
      send(req, res, responses[name]);
    };
  return {
    "/openapi.json": handlerOf("openapi"),
    "/asyncapi.json": handlerOf("asyncapi"),
    "/docs": handlerOf("docs"),
  };
}

/** A handler that sends the same text to everybody. */
export function textRoute(text: string): RequestHandler {
  const response = fixed("text/plain; charset=utf-8", text);
  return (req, res) => send(req, res, response);
}

function send(req: IncomingMessage, res: ServerResponse, { headers, body, gzip }: FixedResponse): void {
  const isCompressed = acceptsGzip(req) && gzip.length < body.length;
  const bytes = isCompressed ? gzip : body;
  if (isCompressed) res.setHeader("content-encoding", "gzip");
  res.appendHeader("vary", "Accept-Encoding");
  res.setHeader("content-length", bytes.length);
  res.writeHead(200, headers).end(bytes);
}

function createResponses() {
  const { openapi, asyncapi, html, style } = createDocuments();
  return {
    openapi: fixed("application/json; charset=utf-8", openapi),
    asyncapi: fixed("application/json; charset=utf-8", asyncapi),
    docs: fixed("text/html; charset=utf-8", html, { "content-security-policy": policyFor(style) }),
  };
}

function fixed(type: string, text: string, headers: Readonly<Record<string, string>> = {}): FixedResponse {
  const body = Buffer.from(text);
  return { headers: { ...headers, "content-type": type }, body, gzip: gzipSync(body) };
}

/** A Content-Security-Policy that lets the page load nothing except its own inline style. */
function policyFor(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
