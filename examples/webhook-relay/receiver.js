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
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > MAX_BODY) return request.destroy();
  }
  if (!verify(secret, request.headers, body)) return response.writeHead(401).end();
  const { type, id, message } = JSON.parse(body);
  if (id > last) console.log(`${type} ${id} ${message.from}: ${message.content}`);
  else console.log(`again ${id}`); // an answer was lost, so it is delivered again
  last = id > last ? id : last;
  await sleep(Number(delayMs));
  response.writeHead(204).end();
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on port ${server.address().port}`));
