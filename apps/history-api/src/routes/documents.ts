import { createHash } from "node:crypto";
import { createDocuments } from "@parley/documents";
import type { RequestHandler } from "express";

/** What is served to read, by path: the documents, and a page of both that may load nothing but its own style. */
export function documents(): Readonly<Record<string, RequestHandler>> {
  // Made when somebody asks first: most processes never need them.
  let made: ReturnType<typeof createDocuments> | undefined;
  const all = () => {
    made ??= createDocuments();
    return made;
  };
  return {
    "/openapi.json": (_req, res) => void res.type("json").end(all().openapi),
    "/asyncapi.json": (_req, res) => void res.type("json").end(all().asyncapi),
    "/docs": (_req, res) => {
      const { html, style } = all();
      res.set("content-security-policy", policyFor(style)).type("html").end(html);
    },
  };
}

function policyFor(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
