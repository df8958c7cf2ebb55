import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { RunningSubject } from "../targets/target.ts";
import { Room } from "./steps/room.ts";
import { Talkers } from "./steps/talkers.ts";

/** A chat in this process that speaks the tutorial's dialect; a token is a name. `keeps`: whether it passes one on. */
async function startChat(keeps: (nth: number) => boolean = () => true): Promise<RunningSubject> {
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
      for (const one of audience) if (keeps(nth++)) one?.send(text);
    });
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    target: { url: `ws://127.0.0.1:${port}/`, dialect: "tutorial" },
    pids: { server: [process.pid], redis: [] },
    tokens: async (count, name) => Array.from({ length: count }, (_, index) => `${name}-${index}`),
    collectGarbage: async () => undefined,
    stop: async () => undefined,
  };
}

/** Processes start slowly where others want the cores. */
const PATIENT = { timeout: 60_000 };

it(
  "a room: all that is heard is counted, what does not come is lost, and who does not read is left out",
  PATIENT,
  async () => {
    let keeps = (_nth: number): boolean => true;
    const room = new Room(await startChat((nth) => keeps(nth)));
    onTestFinished(() => room.stop());
    await room.fill(10);
    const step = { rate: 1_000, ms: 100 };
    const { figures: whole } = await room.step(step);
    expect(whole).toMatchObject({ asked: 1_000, delivered: 110, lost: 0, surplus: 0, closed: 0, failed: 0 });
    expect(whole.p50).toBeGreaterThan(0);

    keeps = (nth) => nth % 11 !== 5;
    expect((await room.step(step)).figures).toMatchObject({ delivered: 100, lost: 10 });

    keeps = () => true;
    await room.deafen();
    expect((await room.step(step)).figures).toMatchObject({ delivered: 100, lost: 0, surplus: 0 });
  },
);

it(
  "private messages come to their recipient and back to their sender; the room's are not among them",
  PATIENT,
  async () => {
    const subject = await startChat();
    const talkers = await Talkers.connect(subject, 10);
    const room = new Room(subject, { others: 10 });
    onTestFinished(() => {
      talkers.stop();
      room.stop();
    });
    await room.fill(10);
    const [talked, spoken] = await Promise.all([
      talkers.talk({ rate: 200, ms: 300 }),
      room.speak({ rate: 2_000, ms: 300 }),
    ]);
    expect(talked).toMatchObject({ messages: 60, lost: 0, refused: 0 });
    expect(spoken).toMatchObject({ delivered: 11 * 30, lost: 0 });
  },
);
