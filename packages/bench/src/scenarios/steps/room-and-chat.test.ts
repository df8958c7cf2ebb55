import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { RunningTarget } from "../../targets/target.ts";
import { ChatUsers } from "./chat-users.ts";
import { Room } from "./room.ts";

/**
 * Starts a chat server in this process that speaks the tutorial's dialect. A token is a username. `delivers` decides
 * for each delivery, numbered from 0, if it is sent or dropped.
 */
async function startChat(delivers: (nth: number) => boolean = () => true): Promise<RunningTarget> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  const users = new Map<string, WebSocket>();
  let nth = 0;
  server.on("connection", (socket, request) => {
    const user = request.headers.authorization?.replace("Bearer ", "") ?? "";
    users.set(user, socket);
    socket.on("message", (data) => {
      const { to, content } = JSON.parse(String(data));
      const text = JSON.stringify({ type: "message", from: user, to, content });
      const audience = to === "" ? [...users.values()] : [users.get(to), socket];
      for (const one of audience) if (delivers(nth++)) one?.send(text);
    });
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: { url: `ws://127.0.0.1:${port}/`, dialect: "tutorial" },
    pids: { server: [process.pid], redis: [] },
    dataDir: tmpdir(),
    tokens: async (count, name) => Array.from({ length: count }, (_, index) => `${name}-${index}`),
    collectGarbage: async () => undefined,
    stop: async () => undefined,
  };
}

/** Time limit of a test. It is long because processes start slowly on a busy machine. */
const SLOW = { timeout: 60_000 };

it(
  "a room counts delivered messages and lost ones, and leaves out a listener that doesn't read",
  SLOW,
  async () => {
    let delivers = (_nth: number): boolean => true;
    const room = new Room(await startChat((nth) => delivers(nth)));
    onTestFinished(() => room.stop());
    await room.fill(10);
    const step = { rate: 1_000, ms: 100 };
    const { figures: whole } = await room.measure(step);
    expect(whole).toMatchObject({ asked: 1_000, delivered: 110, lost: 0, surplus: 0, closed: 0, failed: 0 });
    for (const key of ["p50", "p99", "p999", "fsync", "fsyncP99"]) expect(whole[key], key).toBeGreaterThan(0);
    expect(whole).not.toHaveProperty("ping");

    delivers = (nth) => nth % 11 !== 5;
    expect((await room.measure(step)).figures).toMatchObject({ delivered: 100, lost: 10 });

    delivers = () => true;
    await room.stallOne();
    expect((await room.measure(step)).figures).toMatchObject({ delivered: 100, lost: 0, surplus: 0 });
  },
);

it(
  "private messages reach their recipient and their sender, and are counted apart from the room's messages",
  SLOW,
  async () => {
    const target = await startChat();
    const users = await ChatUsers.connect(target, 10);
    const room = new Room(target, { otherUsers: 10 });
    onTestFinished(() => {
      users.stop();
      room.stop();
    });
    await room.fill(10);
    const [privateFigures, roomFigures] = await Promise.all([
      users.chat({ rate: 200, ms: 300 }),
      room.send({ rate: 2_000, ms: 300 }),
    ]);
    expect(privateFigures).toMatchObject({ messages: 60, lost: 0, refused: 0 });
    expect(roomFigures).toMatchObject({ delivered: 11 * 30, lost: 0 });
  },
);
