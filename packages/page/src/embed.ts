import { join } from "node:path";
import { readPageFiles } from "./files.ts";

/**
 * Returns the tsup options that embed the built page in an app. Call it from the app's tsup.config.ts, with the app's
 * folder as the working directory.
 */
export function embedPage(): { define: Record<string, string> } {
  return { define: { PARLEY_PAGE: JSON.stringify(readPageFiles(join(process.cwd(), "../web/dist"))) } };
}
