import { createHash } from "node:crypto";
import { createDocuments } from "@parley/documents";
import type { RequestHandler } from "express";

/** Handlers by path: `/openapi.json`, `/asyncapi.json`, and `/docs`, a page that shows both documents. */
export function documentRoutes(): Readonly<Record<string, RequestHandler>> {
  // Created on the first request, because most processes never serve the documents.
  let documents: ReturnType<typeof createDocuments> | undefined;
  const load = () => {
    documents ??= createDocuments();
    return documents;
  };
  return {
    "/openapi.json": (_req, res) => void res.type("json").end(load().openapi),
    "/asyncapi.json": (_req, res) => void res.type("json").end(load().asyncapi),
    "/docs": (_req, res) => {
      const { html, style } = load();
      res.set("content-security-policy", policyFor(style)).type("html").end(html);
    },
  };
}

/** A Content-Security-Policy that lets the page load nothing except its own inline style. */
function policyFor(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
