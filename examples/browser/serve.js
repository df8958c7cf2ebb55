/** Serves this folder and the SDK's file on http://localhost:8000. The page needs nothing else. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const FILES = {
  "/": ["index.html", "text/html"],
  "/chat.js": ["chat.js", "text/javascript"],
  "/chat.css": ["chat.css", "text/css"],
  "/parley.js": ["../../packages/client/dist/parley.js", "text/javascript"],
};
const { PORT = "8000" } = process.env;

createServer(async ({ url = "" }, response) => {
  const [file, type] = FILES[url.split("?")[0]] ?? [];
  const body = file && (await readFile(new URL(file, import.meta.url)).catch(() => undefined));
  if (!body) return response.writeHead(404).end("Not found. To build the SDK run: npx pnpm@12 build");
  response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(body);
}).listen(Number(PORT), "127.0.0.1", () => console.log(`http://localhost:${PORT}`));
