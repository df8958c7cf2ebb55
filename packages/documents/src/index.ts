import { asyncapi } from "./asyncapi.ts";
import { openapi } from "./openapi.ts";
import { page } from "./page.ts";

/** As they are served and, the first two, kept in docs/. */
export interface Documents {
  /** JSON. */
  readonly openapi: string;
  /** JSON. */
  readonly asyncapi: string;
  readonly html: string;
  /** What stands in the page's one `<style>`, for its Content-Security-Policy. */
  readonly style: string;
}

/** Makes them anew; what they say depends on the schemas alone. */
export function createDocuments(): Documents {
  const [http, socket] = [openapi(), asyncapi()];
  return { openapi: jsonOf(http), asyncapi: jsonOf(socket), ...page(http, socket) };
}

function jsonOf(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
