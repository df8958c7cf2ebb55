/**
 * A receiver that verifies each delivery, handles each entry once, and prints it.
 *
 *   WEBHOOK_SECRET=... node receiver.js
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { verify } from "./signature.js";

const { WEBHOOK_SECRET: secret, PORT: port = "8090", DELAY_MS: delayMs = "0" } = process.env;
const MAX_BODY = 1024 * 1024;

/** The last entry that was handled. A real receiver keeps it with its own data, in one transaction. */
let last = "";

const server = createServer(async (request, response) => {
  const body = await readBody(request).catch(() => undefined); // anybody may begin a request and leave
  if (body === undefined) return request.destroy();
  if (!verify(secret, request.headers, body)) return response.writeHead(401).end();
  const { type, id, message } = JSON.parse(body);
  const text = message.content.replace(/\p{Cc}/gu, "?"); // a terminal acts on control characters
  if (id > last) console.log(`${type} ${id} ${message.from}: ${text}`);
  else console.log(`again ${id}`); // an answer was lost, so it is delivered again
  last = id > last ? id : last;
  await sleep(Number(delayMs));
  response.writeHead(204).end();
});

async function readBody(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > MAX_BODY) return undefined;
  }
  return body;
}

server.listen(Number(port), "127.0.0.1", () => console.log(`listening on port ${server.address().port}`));
