import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { startProcess } from "../rig/commands.ts";
import { goExample, pythonExample } from "../rig/examples.ts";

const programs = [
  ["Python", await pythonExample()],
  ["Go", await goExample()],
] as const;

/** A server whose WebSocket works and whose history answers 503, as while history-api can't reach its store. */
const server = createServer((_req, res) => {
  requestedAt.push(performance.now());
  res.writeHead(503, { "retry-after": "1" }).end("{}");
});
const sockets = new WebSocketServer({ server, path: "/ws", handleProtocols: () => "chat.v1" });
const requestedAt: number[] = [];

beforeAll(async () => {
  sockets.on("connection", (socket) => {
    socket.on("error", () => undefined);
    socket.send(JSON.stringify({ type: "ready", user: "alice", cursor: "0000000000000-0000000000-00" }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => {
  for (const socket of sockets.clients) socket.terminate();
  server.close();
});

for (const [language, program] of programs)
  it.skipIf(program === undefined)(
    `the example in ${language} waits as long as /sync asks for while it answers 503`,
    async () => {
      requestedAt.length = 0;
      const [command = "", ...args] = program ?? [];
      const { port } = server.address() as AddressInfo;
      const client = startProcess(command, args, {
        PARLEY_URL: `http://127.0.0.1:${port}`,
        PARLEY_TOKEN: "x",
      });
      await expect.poll(() => requestedAt.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(4);
      client.signal("SIGKILL");
      const waits = requestedAt.slice(1).map((at, index) => at - (requestedAt[index] ?? 0));
      // A wait is never shorter than what the server asks for: a second.
      for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1_000);
    },
  );
