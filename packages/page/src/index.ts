import { existsSync } from "node:fs";
import { join } from "node:path";
import { type PageFile, readPageFiles } from "./files.ts";
import { createPage, type Page } from "./page.ts";

export { acceptsHtml, type Page } from "./page.ts";

/** The page's files, inlined into a built app by `embedPage`. Undefined when the app runs from source. */
declare const PARLEY_PAGE: readonly PageFile[] | undefined;

/**
 * Opens the page embedded in this app. An app that runs from source opens the page that was built last. Returns
 * undefined if the page was never built. Reads files synchronously, so call it once at startup.
 */
export function openPage(): Page | undefined {
  if (typeof PARLEY_PAGE !== "undefined") return createPage(PARLEY_PAGE);
  const folder = join(import.meta.dirname, "../../../apps/web/dist");
  return existsSync(join(folder, "index.html")) ? createPage(readPageFiles(folder)) : undefined;
}
