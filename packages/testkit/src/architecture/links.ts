import { posix } from "node:path";
import type { Source } from "./source.ts";

/** Links in Markdown: `[text](target)`, `![text](target)`, and the HTML attributes `href` and `src`. */
const LINK = /\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:href|src)="([^"]+)"/g;
const CODE = /^(```|~~~)[\s\S]*?^\1|`[^`\n]*`/gm;
const EXTERNAL = /^[a-z][a-z\d+.-]*:|^\/\//i;

/**
 * Returns the broken links within the repository, one line each. `exists` checks the paths that aren't text files.
 */
export function brokenLinks(sources: readonly Source[], exists: (path: string) => boolean): string[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const isThere = (path: string) => texts.has(path) || exists(path);
  return sources
    .filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path, text }) =>
      linksIn(text)
        .filter((link) => !resolves(path, link, texts, isThere))
        .map((link) => `${path}: ${link} is a broken link`),
    );
}

function linksIn(text: string): string[] {
  return [...text.replaceAll(CODE, "").matchAll(LINK)]
    .map(([, target, attribute]) => target ?? attribute ?? "")
    .filter((target) => !EXTERNAL.test(target));
}

function resolves(
  from: string,
  link: string,
  texts: ReadonlyMap<string, string>,
  isThere: (path: string) => boolean,
): boolean {
  const [file = "", anchor] = link.split("#", 2);
  const path =
    file === "" ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(file)));
  if (path.startsWith("..") || !isThere(path)) return false;
  const text = texts.get(path);
  return anchor === undefined || (text !== undefined && anchorsOf(text).has(anchor));
}

/** Returns the anchors of all headings, as GitHub names them. The second of two equal headings gets the suffix -1. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, "").matchAll(/^#{1,6} +(.*)$/gm)];
  return new Set(
    headings.map(([, heading = ""]) => {
      const name = nameOf(heading);
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name}-${before}`;
    }),
  );
}

function nameOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}
