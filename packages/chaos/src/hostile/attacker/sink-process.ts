import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { serveOrders } from "./worker.ts";

export interface SinkOrder {
  /** Size of the body that answers a request. */
  readonly answerBytes: number;
}

export interface SinkReport {
  readonly port: number;
}

const END = "\r\n\r\n";
/** The constant of RFC 6455 from which the answer to a handshake is computed. */
const HANDSHAKE_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// A server that does next to nothing, so that an attack on it shows the cost of the attacker's own work: it accepts
// every connection, answers every request, upgrades every handshake, and discards everything else.
serveOrders(({ answerBytes }: SinkOrder): Promise<SinkReport> => {
  const body = "x".repeat(answerBytes);
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${answerBytes}${END}${body}`);
  const server = createServer({ noDelay: true }, (socket) => serve(socket, answer));
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ port: typeof address === "object" && address ? address.port : 0 });
    });
  });
});

function serve(socket: Socket, answer: Buffer): void {
  let unread = "";
  const onData = (chunk: Buffer): void => {
    unread += chunk.toString("latin1");
    const heads = unread.split(END);
    unread = heads.pop() ?? "";
    for (const head of heads) {
      const isUpgrade = /^upgrade: websocket/im.test(head);
      socket.write(isUpgrade ? upgraded(head) : answer);
      if (isUpgrade) {
        socket.off("data", onData).resume();
        return;
      }
    }
  };
  socket.on("error", () => socket.destroy());
  socket.on("data", onData);
}

function upgraded(head: string): string {
  const [, key = ""] = /^sec-websocket-key: *(\S+)/im.exec(head) ?? [];
  const accept = createHash("sha1")
    .update(key + HANDSHAKE_KEY)
    .digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}${END}`;
}
