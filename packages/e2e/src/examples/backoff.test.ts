import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { startProcess } from "../rig/commands.ts";
import { goExample, type Program, pythonExample } from "../rig/examples.ts";

const programs = [
  ["Python", await pythonExample()],
  ["Go", await goExample()],
] as const;

/** As while history-api can't reach its store. */
const unavailable = (res: ServerResponse) => void res.writeHead(503, { "retry-after": "1" }).end("{}");
/** As if history-api died in the middle of an answer. */
const cutOff = (res: ServerResponse) => {
  res.writeHead(200, { "content-type": "application/json", "content-length": 100 });
  res.write("{", () => res.destroy());
};
/** A server whose WebSocket works and whose history fails. */
let fail: (res: ServerResponse) => void = unavailable;
const server = createServer((_req, res) => {
  requestedAt.push(performance.now());
  fail(res);
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

/** Starts an example, and waits until it has read history so often. Returns the times between the requests. */
async function waitsOf(program: Program | undefined, requests: number): Promise<number[]> {
  requestedAt.length = 0;
  const [command = "", ...args] = program ?? [];
  const { port } = server.address() as AddressInfo;
  const client = startProcess(command, args, {
    PARLEY_URL: `http://127.0.0.1:${port}`,
    PARLEY_TOKEN: "x",
  });
  await expect.poll(() => requestedAt.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(requests);
  client.signal("SIGKILL");
  await client.exited;
  return requestedAt.slice(1).map((at, index) => at - (requestedAt[index] ?? 0));
}

for (const [language, program] of programs) {
  it.skipIf(program === undefined)(
    `the example in ${language} waits as long as /sync asks for while it answers 503`,
    async () => {
      fail = unavailable;
      // A wait is never shorter than what the server asks for: a second.
      for (const wait of await waitsOf(program, 4)) expect(wait).toBeGreaterThanOrEqual(1_000);
    },
  );

  it.skipIf(program === undefined)(
    `the example in ${language} reads again if an answer of /sync is cut off`,
    async () => {
      fail = cutOff;
      expect((await waitsOf(program, 2)).length).toBeGreaterThan(0);
    },
  );
}
