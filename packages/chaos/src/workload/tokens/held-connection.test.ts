import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { until } from "@parley/async";
import { expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { Ledger } from "../ledger.ts";
import { HeldConnection } from "./held-connection.ts";

/** A close frame with the code 4003. */
const CLOSE = Buffer.from([0x88, 2, 0x0f, 0xa3]);

it("is neither open nor closed while it is closing, and opens at another attempt if it is refused", async () => {
  let refusals = 1;
  const sockets: Socket[] = [];
  const verifyClient = () => refusals-- <= 0;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient });
  server.on("connection", (_, { socket }) => sockets.push(socket));
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const who = { user: "alice", to: "bob", token: "x", process: "gateway 0", ledger: new Ledger() };
  const connection = await HeldConnection.open({ ...who, url, onService: () => undefined });
  const [socket] = sockets;
  // The server doesn't read the answer to its close frame, so it doesn't end the connection.
  socket?.pause().write(CLOSE);
  await until(() => !connection.isOpen, "the close frame");
  expect([connection.isClosed, connection.closeCode]).toEqual([false, undefined]);
  socket?.destroy();
  await until(() => connection.isClosed, "the end");
  expect(connection.closeCode).toBe(4003);
});
