import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { soon, startServer } from "./http-server-rig.ts";

const echo = (req: IncomingMessage) => `${req.url} of ${req.headers.host}.`;

it.each([
  ["GET http://example.com/messages?limit=1", "/messages?limit=1 of example.com."],
  ["GET HTTP://example.com:81", "/ of example.com:81."],
  ["GET http://example.com?x=/", "/?x=/ of example.com."],
  ["GET /http://example.com/", "/http://example.com/ of a."],
  ["GET //example.com/x", "//example.com/x of a."],
  ["OPTIONS *", "* of a."],
])("a request for a whole URL is answered like one for its path: %s", async (line, expected) => {
  const handleRequest = (req: IncomingMessage, res: ServerResponse) => void res.end(echo(req));
  const server = await startServer({ handlers: { handleRequest } });
  const client = server.connect().send(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await soon(() => expect(client.received).toContain(expected));
});

it("an upgrade of a whole URL is handled like one of its path", async () => {
  const handlers = {
    handleRequest: () => undefined,
    handleUpgrade: (req: IncomingMessage, socket: Duplex) => void socket.end(echo(req)),
  };
  const server = await startServer({ handlers });
  const upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const client = server.connect().send(`GET http://b/ws?x HTTP/1.1\r\n${upgrade}`);
  await soon(() => expect(client.received).toBe("/ws?x of b."));
});
