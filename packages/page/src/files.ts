import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** A file of the page, in the form embedded in a built app. */
export interface PageFile {
  /** The path of the file's URL: `/` or, for example, `/assets/index-4f2a.js`. */
  readonly path: string;
  /** The content type. */
  readonly type: string;
  /** The gzipped content, in base64. */
  readonly gzip: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads the files that vite built into a folder. Throws if the folder is missing or a file's type is unknown. */
export function readPageFiles(folder: string): PageFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => fileOf(file, folder));
}

function fileOf(file: string, folder: string): PageFile {
  const type = TYPES[extname(file)];
  if (type === undefined) throw new Error(`${file} has an unknown type: add its content type to TYPES`);
  const path = file.slice(folder.length).replaceAll("\\", "/").replace(/^\/?/, "/");
  return {
    path: path === "/index.html" ? "/" : path,
    type,
    gzip: gzipSync(readFileSync(file), { level: 9 }).toString("base64"),
  };
}
