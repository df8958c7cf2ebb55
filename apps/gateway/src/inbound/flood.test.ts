import { until } from "@parley/async";
import { beforeEach, describe, expect, it } from "vitest";
import { type ChatClient, connectClient } from "../test/chat-client.ts";
import {
  chat,
  connectRaw,
  FRAGMENTS,
  PING,
  PONG,
  repeated,
  serverSocketOf,
  waitForThrottled,
} from "../test/flood.ts";
import { clientFrame, type RawClient } from "../test/raw-client.ts";
import { type RunningGateway, startGateway } from "../test/running-gateway.ts";

const MIB = 1024 * 1024;
/** Node reads one more chunk into the buffer of a paused socket. The gateway doesn't parse it. */
const BUFFERED = 64 * 1024;

let gateway: RunningGateway;
let bob: ChatClient;

beforeEach(async () => {
  gateway = await startGateway();
  bob = await connectClient(gateway, "bob");
});

/** Returns a lower bound of the bytes that the gateway has read from these clients and parsed. */
function parsedFrom(clients: readonly RawClient[]): number {
  const read = clients.map((client) => serverSocketOf(gateway, client).bytesRead);
  return read.reduce((sum, bytes) => sum + Math.max(0, bytes - BUFFERED), 0);
}

/** Sends the start of a frame in pieces of one byte. */
async function sendByteByByte(client: RawClient, count: number): Promise<void> {
  client.socket.setNoDelay();
  const bytes = clientFrame("x".repeat(60_000));
  for (let at = 0; at < count; at++) {
    client.socket.write(bytes.subarray(at, at + 1));
    await new Promise(setImmediate);
  }
}

describe("a flood", () => {
  it.each([
    ["pongs", PONG],
    ["pings", PING],
    ["empty fragments", FRAGMENTS],
    [
      "control frames between fragments",
      Buffer.concat([
        clientFrame("", { fin: false }),
        PONG,
        PING,
        PONG,
        clientFrame('{"type":"ping"}', { opcode: 0 }),
      ]),
    ],
  ])(
    "P32 G5: of %s is read no faster than the user's share, and others are served",
    async (_name, frames) => {
      const mallory = await connectRaw(gateway, "mallory");
      mallory.socket.write(repeated(frames, 16 * MIB));
      await waitForThrottled(gateway);
      await chat(bob, 100);
      expect(parsedFrom([mallory])).toBeLessThan(MIB);
      expect(mallory.ended).toBe(false);
    },
  );

  it("P32 P7: over many connections has one share", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => connectRaw(gateway, "mallory")));
    const message = clientFrame(JSON.stringify({ to: "bob", content: "from a chunk" }));
    const flood = Buffer.concat([repeated(PONG, 48 * 1024), message, repeated(PONG, MIB)]);
    for (const client of all) client.socket.write(flood);
    await waitForThrottled(gateway);
    await chat(bob, 100);
    expect(parsedFrom(all)).toBeLessThan(MIB);
    // The first chunk exceeds the user's limit on reading. Unless all are paused then, each brings a chunk.
    expect(bob.contents().filter((content) => content === "from a chunk").length).toBeLessThan(10);
  });

  it("P32: of single bytes is read no faster than the user's share", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    await sendByteByByte(mallory, 5_000);
    await waitForThrottled(gateway);
  });

  it("P32: goes on being read, at the user's share, and loses nothing", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    mallory.socket.write(repeated(PONG, 48 * 1024));
    await waitForThrottled(gateway);
    mallory.socket.write(clientFrame(JSON.stringify({ to: "bob", content: "after the flood" })));
    expect(await bob.waitFor("message")).toMatchObject({ content: "after the flood" });
  });

  it("P32: on two connections doesn't silence the user's other connections", async () => {
    const floods = [await connectRaw(gateway, "mallory"), await connectRaw(gateway, "mallory")];
    const tab = await connectClient(gateway, "mallory");
    const pongs = repeated(clientFrame("x".repeat(125), { opcode: 10 }), 16 * MIB);
    for (const { socket } of floods) socket.write(pongs);
    await waitForThrottled(gateway);
    await chat(tab, 2);
  });
});

describe("a user who is ahead of the share of reading", () => {
  /** With this rate a chunk of pongs exceeds the limit on reading by some seconds, also on a slow machine. */
  const bytes = { perSecond: 1_000, burst: 4_000 };

  beforeEach(async () => {
    gateway = await startGateway({ config: { rate: { perSecond: 50, burst: 200, bytes } } });
    bob = await connectClient(gateway, "bob");
  });

  it("P32: gets ready and live messages on a new connection, which is read when time has caught up", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    mallory.socket.write(repeated(PONG, 64 * 1024));
    await waitForThrottled(gateway);
    const again = await connectClient(gateway, "mallory");
    again.send({ content: "hello", ref: "r" });
    bob.send({ content: "one" });
    await again.waitFor("message");
    await chat(bob, 5);
    expect(again.framesOf("ack")).toEqual([]);
    await again.waitFor("ack");
  });

  it("P32 G5: isn't read at all, not even byte by byte into a buffer", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    mallory.socket.write(repeated(PONG, 64 * 1024));
    await waitForThrottled(gateway);
    const server = serverSocketOf(gateway, mallory);
    const before = server.bytesRead;
    await sendByteByByte(mallory, 2_000);
    expect(server.bytesRead - before).toBeLessThan(1_000);
  });

  it("P32: what a paused socket still holds when the client is gone is dropped, not parsed", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    const flood = repeated(PONG, 64 * 1024);
    const message = clientFrame(JSON.stringify({ content: "never accepted" }));
    mallory.socket.write(Buffer.concat([flood, repeated(PONG, 30_000), message]));
    await waitForThrottled(gateway);
    const server = serverSocketOf(gateway, mallory);
    await until(() => server.bytesRead > flood.length + 30_000 + message.length, "all bytes to be read");
    mallory.socket.resetAndDestroy();
    // The gateway notices the reset of a paused socket only when it writes to it.
    await chat(bob, 1);
    await until(() => gateway.events.some(({ type }) => type === "disconnected"), "the end");
    await chat(bob, 1);
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(["hello", "hello"]);
  });

  it.each([
    ["the gateway has closed the connection", clientFrame("{}", { opcode: 2 })],
    ["ws has refused a frame", clientFrame("{}", { masked: false })],
    ["the client has sent a close frame", clientFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 })],
  ])("P32 G5: is read no faster after %s", async (_name, ending) => {
    const mallory = await connectRaw(gateway, "mallory");
    const server = serverSocketOf(gateway, mallory);
    mallory.socket.write(Buffer.concat([ending, repeated(PONG, 16 * MIB)]));
    await until(() => server.destroyed || server.isPaused(), "the flood to be refused");
    await chat(bob, 15);
    expect(server.bytesRead).toBeLessThan(MIB);
  });

  it("P32 G5: doesn't keep a socket that is closing", async () => {
    const mallory = await connectRaw(gateway, "mallory");
    const server = serverSocketOf(gateway, mallory);
    mallory.socket.write(Buffer.concat([clientFrame("{}", { opcode: 2 }), repeated(PONG, 16 * MIB)]));
    expect(await mallory.closeCode()).toBe(1003);
    await until(() => server.destroyed, "the end of the socket");
  });

  it("G5: stays held back until the log has answered", async () => {
    gateway = await startGateway({ config: { maxUnanswered: 4 } });
    const mallory = await connectRaw(gateway, "mallory");
    gateway.store.pause();
    const message = clientFrame(JSON.stringify({ content: "x" }));
    mallory.socket.write(Buffer.concat([repeated(message, 8 * message.length), repeated(PONG, 48 * 1024)]));
    await waitForThrottled(gateway);
    const server = serverSocketOf(gateway, mallory);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(server.isPaused()).toBe(true);
    gateway.store.resume();
    await until(() => !server.isPaused(), "the socket to be read again");
  });
});

describe("WebSocket pings", () => {
  it("P14: that arrive together get one pong, for the last one", async () => {
    const alice = await connectRaw(gateway, "alice");
    const pings = Array.from({ length: 200 }, (_, n) => clientFrame(`${n}`, { opcode: 9 }));
    alice.socket.write(Buffer.concat(pings));
    await until(() => alice.body.includes(Buffer.from("\x8a\x03199", "latin1")), "the last pong");
    expect(alice.body.length).toBeLessThan(5 * 5);
    alice.socket.write(clientFrame("again", { opcode: 9 }));
    await until(() => alice.body.includes("\x05again"), "another pong");
  });
});
