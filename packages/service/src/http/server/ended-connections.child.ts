import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { listen } from "../listen.ts";
import { createHttpServer } from "./http-server.ts";

/**
 * A child process for tests, whose heap nobody else uses. Opens connections with one request each, ends them, and prints
 * how many requests began, and how many of them the next scavenges leave. Its arguments are the request as JSON, and
 * `answer` if the requests are answered.
 */
const [request = '""', answers] = process.argv.slice(2);
const CONNECTIONS = 64;
/** Attached to each request. Its memory is counted until it is freed. */
const MARKER_BYTES = 64 * 1024;
const ATTEMPTS = 20;
const PAUSE_MS = 50;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { type: "major" | "minor" }) => void;

let begun = 0;
let ended = 0;
let open = 0;
function handleRequest(req: IncomingMessage & { marker?: ArrayBuffer }, res: ServerResponse): void {
  begun += 1;
  req.on("error", () => undefined);
  req.marker = new ArrayBuffer(MARKER_BYTES);
  if (answers === "answer") res.end("a");
}

const server = createHttpServer({
  handlers: { handleRequest },
  observe: (event) => {
    if (event.type === "pieces") ended += 1;
    if (event.type === "sockets") open = event.open;
  },
});
const { port } = await listen(server, { port: 0, host: "127.0.0.1" });
// Frees what the start has left. Otherwise a full collection would soon be due, and free what is counted.
collect({ type: "major" });
const before = process.memoryUsage().arrayBuffers;
const bytes = Buffer.from(JSON.parse(request) as string);
const clients = Array.from({ length: CONNECTIONS }, () => {
  const client = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  client.write(bytes);
  return client;
});
while (begun + ended < CONNECTIONS) await sleep(PAUSE_MS);
const arrivedBytes = process.memoryUsage().arrayBuffers - before;
for (const client of clients) client.resetAndDestroy();
while (open > 0) await sleep(PAUSE_MS);

let kept = CONNECTIONS;
// A scavenge may free memory in the background.
for (let i = 0; i < ATTEMPTS && kept > CONNECTIONS / 2; i += 1) {
  collect({ type: "minor" });
  await sleep(PAUSE_MS);
  kept = Math.round((process.memoryUsage().arrayBuffers - before) / MARKER_BYTES);
}
console.log(JSON.stringify({ begun, ended, kept, arrivedBytes }));
process.exit();
