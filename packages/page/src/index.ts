import { existsSync } from "node:fs";
import { join } from "node:path";
import { type PageFile, readPageFiles } from "./files.ts";
import { createPage, type Page } from "./page.ts";

export { type Page, takesHtml } from "./page.ts";

/** Put into a built app by `embedPage`, so that it stays one file; not there when the source runs. */
declare const PARLEY_PAGE: readonly PageFile[] | undefined;

/**
 * The page that is inside this app; from the source, the one that was built last. Undefined where none was built: then
 * an app does everything but serve it. Reads files, so call it once, at the start.
 */
export function openPage(): Page | undefined {
  if (typeof PARLEY_PAGE !== "undefined") return createPage(PARLEY_PAGE);
  const folder = join(import.meta.dirname, "../../../apps/web/dist");
  return existsSync(join(folder, "index.html")) ? createPage(readPageFiles(folder)) : undefined;
}
