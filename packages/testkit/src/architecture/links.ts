import { posix } from "node:path";
import type { Source } from "./source.ts";

/** `[text](target)` and `![text](target)`, and what HTML in it names. */
const LINK = /\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:href|src)="([^"]+)"/g;
const CODE = /^(```|~~~)[\s\S]*?^\1|`[^`\n]*`/gm;
const ELSEWHERE = /^[a-z][a-z\d+.-]*:|^\/\//i;

/** Links within the repository that lead nowhere, one line each. `exists` is asked for files that are no text. */
export function brokenLinks(sources: readonly Source[], exists: (path: string) => boolean): string[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const isThere = (path: string) => texts.has(path) || exists(path);
  return sources
    .filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path, text }) =>
      linksIn(text)
        .filter((link) => !leads(path, link, texts, isThere))
        .map((link) => `${path}: ${link} leads nowhere`),
    );
}

function linksIn(text: string): string[] {
  return [...text.replaceAll(CODE, "").matchAll(LINK)]
    .map(([, target, attribute]) => target ?? attribute ?? "")
    .filter((target) => !ELSEWHERE.test(target));
}

function leads(
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

/** As GitHub names headings: of those that are alike the second gets -1. */
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
