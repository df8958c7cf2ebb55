import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";

/**
 * Socket.IO as its documentation sets it up for several servers: the Redis adapter, a token verified in a middleware,
 * one room per user.
 *
 * Settings in its favour: WebSocket only, so no client polls; no compression; and each socket's first HTTP request is
 * released, as Socket.IO's page on memory usage advises.
 */
const { PORT, REDIS_URL, JWT_SECRET } = process.env;

const pub = new Redis(REDIS_URL);
const sub = pub.duplicate();
const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  adapter: createAdapter(pub, sub),
});

io.engine.on("connection", (socket) => {
  socket.request = null;
});

io.use((socket, next) => {
  try {
    socket.data.user = jwt.verify(socket.handshake.auth.token, JWT_SECRET, { algorithms: ["HS256"] }).sub;
    next();
  } catch {
    next(new Error("unauthorized"));
  }
});

let last = 0;

io.on("connection", (socket) => {
  const { user } = socket.data;
  socket.join(`user:${user}`);
  socket.on("message", ({ to = "", content }) => {
    const message = {
      type: "message",
      // An id of the same length as Parley's.
      id: `${Date.now()}-${String(++last).padStart(10, "0")}-00`,
      from: user,
      to,
      content,
      timestamp: new Date().toISOString(),
    };
    if (to === "") io.emit("message", message);
    else io.to(`user:${to}`).to(`user:${user}`).emit("message", message);
  });
});

server.listen(Number(PORT), "127.0.0.1", () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
