import type { Socket } from "node:net";
import { until } from "@parley/async";
import { expect } from "vitest";
import type { ChatClient } from "./chat-client.ts";
import { clientFrame, RawClient } from "./raw-client.ts";
import type { RunningGateway } from "./running-gateway.ts";

export const PONG = clientFrame("", { opcode: 10 });
export const PING = clientFrame("", { opcode: 9 });
/** A valid message in 1,002 fragments, almost as many as the gateway accepts. All but the last are empty. */
export const FRAGMENTS = Buffer.concat([
  clientFrame("", { fin: false }),
  ...Array.from({ length: 1_000 }, () => clientFrame("", { opcode: 0, fin: false })),
  clientFrame('{"type":"ping"}', { opcode: 0 }),
]);

/** Repeats a frame, or several, up to about `size` bytes. */
export function repeated(frames: Buffer, size: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(size / frames.length) }, () => frames));
}

/** Connects without `chat.v1`, and reads what the gateway sends. */
export async function connectRaw(gateway: RunningGateway, user: string): Promise<RawClient> {
  const client = new RawClient(gateway.port);
  client.upgrade({ Authorization: `Bearer ${await gateway.token(user)}` });
  expect(await client.status()).toBe(101);
  return client;
}

/** Returns the gateway's side of a client's socket. */
export function serverSocketOf(gateway: RunningGateway, client: RawClient): Socket {
  const { localPort } = client.socket;
  for (const socket of gateway.sockets) if (socket.remotePort === localPort) return socket;
  throw new Error(`no socket from port ${localPort}`);
}

export async function waitForThrottled(gateway: RunningGateway): Promise<void> {
  await until(() => gateway.events.some(({ type }) => type === "throttled"), "a user to be throttled");
}

/** Sends messages one after the other, and waits for the ack of each. */
export async function chat(client: ChatClient, messages: number): Promise<void> {
  for (let sent = 0; sent < messages; sent++) {
    client.send({ content: "hello", ref: `${Math.random()}` });
    await client.waitFor("ack", client.framesOf("ack").length + 1);
  }
}
