import { asyncapi } from "./asyncapi.ts";
import { openapi } from "./openapi.ts";
import { page } from "./page.ts";

/** The documents as history-api serves them. The JSON documents are also kept in docs/. */
export interface Documents {
  /** The OpenAPI document, as JSON. */
  readonly openapi: string;
  /** The AsyncAPI document, as JSON. */
  readonly asyncapi: string;
  /** A page that shows both documents. */
  readonly html: string;
  /** The content of the page's only `<style>` element, for a hash in its Content-Security-Policy. */
  readonly style: string;
}

/** Generates the documents from the schemas in @parley/models. */
export function createDocuments(): Documents {
  const [http, socket] = [openapi(), asyncapi()];
  return { openapi: jsonOf(http), asyncapi: jsonOf(socket), ...page(http, socket) };
}

function jsonOf(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
