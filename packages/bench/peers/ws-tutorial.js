import { createServer } from "node:http";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { WebSocket, WebSocketServer } from "ws";

/**
 * The chat that tutorials build with `ws` and Redis. Each message is published without waiting for the result, and
 * every server sends each published message to its clients one by one. The heartbeat is the one from the README of
 * ws.
 *
 * Choices in its favour: each message is converted to JSON only once, and users are looked up in a map.
 */
const { PORT, REDIS_URL, JWT_SECRET } = process.env;
const CHANNEL = "chat";
const HEARTBEAT_MS = 30_000;

const pub = new Redis(REDIS_URL);
const sub = pub.duplicate();
const server = createServer();
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
/** Connections by user. */
const users = new Map();

server.on("upgrade", (request, socket, head) => {
  // Node removes its own error listener before this event. An error without a listener would end the process.
  socket.on("error", () => socket.destroy());
  let user;
  try {
    const token = request.headers.authorization.replace("Bearer ", "");
    user = jwt.verify(token, JWT_SECRET, { algorithms: ["HS256"] }).sub;
  } catch {
    socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    return;
  }
  wss.handleUpgrade(request, socket, head, (client) => wss.emit("connection", client, user));
});

let last = 0;

wss.on("connection", (client, user) => {
  client.isAlive = true;
  const clients = users.get(user) ?? new Set();
  users.set(user, clients.add(client));
  client.on("error", () => client.terminate());
  client.on("pong", () => {
    client.isAlive = true;
  });
  client.on("close", () => {
    clients.delete(client);
    if (clients.size === 0) users.delete(user);
  });
  client.on("message", (data) => {
    const { to = "", content } = JSON.parse(data);
    const message = {
      type: "message",
      // An id of the same length as Parley's.
      id: `${Date.now()}-${String(++last).padStart(10, "0")}-00`,
      from: user,
      to,
      content,
      timestamp: new Date().toISOString(),
    };
    pub.publish(CHANNEL, JSON.stringify(message));
  });
});

const send = (clients, text) => {
  for (const client of clients) {
    if (client.readyState === WebSocket.OPEN) client.send(text);
  }
};

sub.on("message", (_channel, text) => {
  const { from, to } = JSON.parse(text);
  if (to === "") return send(wss.clients, text);
  send(users.get(to) ?? [], text);
  if (from !== to) send(users.get(from) ?? [], text);
});

setInterval(() => {
  for (const client of wss.clients) {
    if (!client.isAlive) {
      client.terminate();
      continue;
    }
    client.isAlive = false;
    client.ping();
  }
}, HEARTBEAT_MS);

await sub.subscribe(CHANNEL);
server.listen(Number(PORT), "127.0.0.1", () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
