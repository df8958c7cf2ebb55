import { join } from "node:path";
import { readPageFiles } from "./files.ts";

/** For an app's tsup.config.ts, whose working directory is the app's folder: what puts the built page into its file. */
export function embedPage(): { define: Record<string, string> } {
  return { define: { PARLEY_PAGE: JSON.stringify(readPageFiles(join(process.cwd(), "../web/dist"))) } };
}
