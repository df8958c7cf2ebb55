import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** One file of the page as it travels inside a built app. */
export interface PageFile {
  /** As a browser asks for it: `/` or `/assets/index-4f2a.js`. */
  readonly path: string;
  readonly type: string;
  /** The content, gzipped, in base64. */
  readonly gzip: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The files that vite has built into a folder. Throws where there is none, or one of a kind that is not known here. */
export function readPageFiles(folder: string): PageFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => fileOf(file, folder));
}

function fileOf(file: string, folder: string): PageFile {
  const type = TYPES[extname(file)];
  if (type === undefined) throw new Error(`${file}: a file of this kind has no content type yet`);
  const path = file.slice(folder.length).replaceAll("\\", "/").replace(/^\/?/, "/");
  return {
    path: path === "/index.html" ? "/" : path,
    type,
    gzip: gzipSync(readFileSync(file), { level: 9 }).toString("base64"),
  };
}
