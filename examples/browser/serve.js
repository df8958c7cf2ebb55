/** Serves this folder, and the SDK's one file beside it, on http://localhost:8000: all that a page needs. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const FILES = {
  "/": ["index.html", "text/html"],
  "/chat.js": ["chat.js", "text/javascript"],
  "/chat.css": ["chat.css", "text/css"],
  "/parley.js": ["../../packages/client/dist/parley.js", "text/javascript"],
};
const { PORT = "8000" } = process.env;

createServer(async ({ url = "" }, answer) => {
  const [file, type] = FILES[url.split("?")[0]] ?? [];
  const body = file && (await readFile(new URL(file, import.meta.url)).catch(() => undefined));
  if (!body) return answer.writeHead(404).end("There is nothing here. Was the SDK built? npx pnpm@12 build");
  answer.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(body);
}).listen(Number(PORT), "127.0.0.1", () => console.log(`http://localhost:${PORT}`));
