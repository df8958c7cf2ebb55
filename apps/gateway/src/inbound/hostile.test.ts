import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { until } from "@parley/async";
import { beforeEach, describe, expect, it } from "vitest";
import { type ChatClient, connectClient } from "../test/chat-client.ts";
import { clientFrame, RawClient } from "../test/raw-client.ts";
import { type RunningGateway, startGateway } from "../test/running-gateway.ts";

let gateway: RunningGateway;
let bob: ChatClient;

beforeEach(async () => {
  gateway = await startGateway();
  bob = await connectClient(gateway, "bob");
});

/** Connects and sends exactly these bytes after the handshake. */
async function connectAndSend(...bytes: readonly Buffer[]): Promise<RawClient> {
  const client = new RawClient(gateway.port);
  client.upgrade({ Authorization: `Bearer ${await gateway.token("mallory")}` });
  await client.head();
  for (const each of bytes) client.socket.write(each);
  return client;
}

/** Checks that a hostile client doesn't affect the others. */
async function expectOthersServed(): Promise<void> {
  bob.send({ content: "still here", ref: `${Math.random()}` });
  await bob.waitFor("ack", bob.framesOf("ack").length + 1);
}

describe("invalid WebSocket frames", () => {
  it.each([
    ["P32: binary", 1003, clientFrame("{}", { opcode: 2 })],
    ["P32: bad UTF-8", 1007, clientFrame(Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    ["P12 P32: over 64 KiB", 1009, clientFrame("x".repeat(65_537))],
    ["P32: a declared length of 2^40 bytes", 1009, clientFrame("", { length: 2 ** 40 })],
    ["P32: an unmasked frame", 1002, clientFrame("{}", { masked: false })],
    ["P32: an unknown opcode", 1002, clientFrame("{}", { opcode: 3 })],
    ["P32: a continuation without a first frame", 1002, clientFrame("{}", { opcode: 0 })],
    ["P32: a ping in fragments", 1002, clientFrame("", { opcode: 9, fin: false })],
  ])("%s ends with %i", async (_name, code, bytes) => {
    const client = await connectAndSend(bytes);
    expect(await client.closeCode()).toBe(code);
    await expectOthersServed();
  });

  it("P32: a message in fragments over 64 KiB ends with 1009", async () => {
    const part = "x".repeat(40_000);
    const client = await connectAndSend(clientFrame(part, { fin: false }), clientFrame(part, { opcode: 0 }));
    expect(await client.closeCode()).toBe(1009);
    await expectOthersServed();
  });

  it("P32 G5: a message in thousands of fragments ends with 1008", async () => {
    const parts = Array.from({ length: 2_000 }, (_, n) =>
      clientFrame("x", { opcode: n === 0 ? 1 : 0, fin: false }),
    );
    const client = await connectAndSend(Buffer.concat(parts));
    expect(await client.closeCode()).toBe(1008);
    await expectOthersServed();
  });

  it("P10: a message in fragments with a ping between them is one message", async () => {
    const text = JSON.stringify({ to: "bob", content: "in parts" });
    await connectAndSend(
      clientFrame(text.slice(0, 5), { fin: false }),
      clientFrame("ping", { opcode: 9 }),
      clientFrame(text.slice(5, 9), { opcode: 0, fin: false }),
      clientFrame(text.slice(9), { opcode: 0 }),
    );
    expect(await bob.waitFor("message")).toMatchObject({ content: "in parts", from: "mallory" });
  });

  it("P32: random bytes instead of frames end only their own connection", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectAndSend(randomBytes(2_000))));
    for (const client of clients) client.socket.end();
    await until(() => clients.every(({ ended }) => ended), "the end of the sockets");
    await expectOthersServed();
  });

  it("P32: a client that disconnects in the middle of a frame is cleaned up", async () => {
    const client = await connectAndSend(clientFrame("x".repeat(100)).subarray(0, 20));
    client.socket.resetAndDestroy();
    await until(
      () => gateway.events.some((event) => event.type === "disconnected"),
      "the end of the connection",
    );
    await expectOthersServed();
  });
});

describe("a reset at any step of a handshake", () => {
  const RESETS = 50;
  const requestTo = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;

  it.each(["/", "/x", "/ws", "/auth/token"])(
    "P3: an upgrade to %s, then a reset, ends only its own connection",
    async (path) => {
      for (let sent = 0; sent < RESETS; sent += 1) {
        const client = new RawClient(gateway.port);
        await once(client.socket, "connect");
        client.socket.write(requestTo(path), () => client.socket.resetAndDestroy());
      }
      await until(() => gateway.sockets.size === 1, "the end of the sockets");
      await expectOthersServed();
    },
  );
});

describe("text that isn't a valid frame of the protocol", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

  it.each([
    ["not JSON", "hello", "invalid_json"],
    ["empty", "", "invalid_json"],
    ["JSON that isn't an object", "42", "invalid_message"],
    ["null", "null", "invalid_message"],
    ["an array", "[]", "invalid_message"],
    ["deep arrays", nested(30_000), "invalid_message"],
    ["deep arrays as content", `{"content":${nested(30_000)}}`, "invalid_message"],
    ["a deep type", `{"type":${nested(30_000)}}`, "unknown_type"],
    ["the name of an inherited property as type", '{"type":"__proto__","content":"x"}', "unknown_type"],
    ["content as __proto__", '{"__proto__":{"content":"x"}}', "invalid_message"],
    ["no content", '{"to":"bob"}', "invalid_message"],
    ["a lone surrogate", '{"content":"\\ud800"}', "invalid_message"],
    ["a recipient that isn't a username", '{"to":"bob:carol","content":"x"}', "invalid_message"],
    ["a recipient that is an object", '{"to":{"$ne":1},"content":"x"}', "invalid_message"],
    ["a ref that is too long", `{"content":"x","ref":"${"r".repeat(65)}"}`, "invalid_message"],
  ])("P30: %s gets an error, and the connection stays open", async (_name, text, code) => {
    bob.ws.send(text);
    expect(await bob.waitFor("error")).toMatchObject({ code, temporary: false });
    await expectOthersServed();
    expect(gateway.store.messages.map(({ content }) => content)).toEqual(["still here"]);
  });

  it("P11: __proto__ in a message is dropped and changes no prototype", async () => {
    bob.ws.send('{"content":"x","ref":"r","__proto__":{"from":"mallory","admin":true}}');
    await bob.waitFor("ack");
    expect(await bob.waitFor("message")).toMatchObject({ from: "bob", content: "x" });
    expect({}).not.toHaveProperty("admin");
  });

  it("P32: ten invalid frames in a row end with 1008; nine and a valid one don't", async () => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 9; n++) bob.ws.send("garbage");
      bob.send({ type: "ping" });
    }
    await bob.waitFor("pong", 3);
    for (let n = 0; n < 10; n++) bob.ws.send("garbage");
    bob.send({ content: "after the end", ref: "after" });
    expect(await bob.waitForClose()).toEqual({ code: 1008, reason: "too many invalid frames" });
    expect(bob.framesOf("error")).toHaveLength(37);
    expect(gateway.store.messages).toEqual([]);
  });
});
