import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { until } from "@parley/async";
import { beforeEach, describe, expect, it } from "vitest";
import { type Chatter, chatter } from "../test/chat-client.ts";
import { clientFrame, RawClient } from "../test/raw-client.ts";
import { type House, openHouse } from "../test/running-gateway.ts";

let house: House;
let bob: Chatter;

beforeEach(async () => {
  house = await openHouse();
  bob = await chatter(house, "bob");
});

/** Says exactly these bytes after the handshake. */
async function saying(...bytes: readonly Buffer[]): Promise<RawClient> {
  const client = new RawClient(house.port);
  client.upgrade({ Authorization: `Bearer ${await house.token("mallory")}` });
  await client.head();
  for (const each of bytes) client.socket.write(each);
  return client;
}

/** Whoever was hostile: the others are served. */
async function expectServed(): Promise<void> {
  bob.say({ content: "still here", ref: `${Math.random()}` });
  await bob.get("ack", bob.of("ack").length + 1);
}

describe("frames that are none", () => {
  it.each([
    ["P32: binary", 1003, clientFrame("{}", { opcode: 2 })],
    ["P32: bad UTF-8", 1007, clientFrame(Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    ["P12 P32: over 64 KiB", 1009, clientFrame("x".repeat(65_537))],
    ["P32: over 64 KiB, said to be 2^40 bytes long", 1009, clientFrame("", { length: 2 ** 40 })],
    ["P32: not masked", 1002, clientFrame("{}", { masked: false })],
    ["P32: an opcode that is none", 1002, clientFrame("{}", { opcode: 3 })],
    ["P32: a continuation of nothing", 1002, clientFrame("{}", { opcode: 0 })],
    ["P32: a ping in fragments", 1002, clientFrame("", { opcode: 9, fin: false })],
  ])("%s ends with %i", async (_name, code, bytes) => {
    const client = await saying(bytes);
    expect(await client.closeCode()).toBe(code);
    await expectServed();
  });

  it("P32: a message in fragments over 64 KiB ends with 1009", async () => {
    const part = "x".repeat(40_000);
    const client = await saying(clientFrame(part, { fin: false }), clientFrame(part, { opcode: 0 }));
    expect(await client.closeCode()).toBe(1009);
    await expectServed();
  });

  it("P32 G5: a message in thousands of fragments ends with 1008", async () => {
    const parts = Array.from({ length: 2_000 }, (_, n) =>
      clientFrame("x", { opcode: n === 0 ? 1 : 0, fin: false }),
    );
    const client = await saying(Buffer.concat(parts));
    expect(await client.closeCode()).toBe(1008);
    await expectServed();
  });

  it("P10: a message in fragments, with a ping between, is a message", async () => {
    const text = JSON.stringify({ to: "bob", content: "in parts" });
    await saying(
      clientFrame(text.slice(0, 5), { fin: false }),
      clientFrame("are you there?", { opcode: 9 }),
      clientFrame(text.slice(5, 9), { opcode: 0, fin: false }),
      clientFrame(text.slice(9), { opcode: 0 }),
    );
    expect(await bob.get("message")).toMatchObject({ content: "in parts", from: "mallory" });
  });

  it("P32: rubbish instead of frames ends its own connection alone", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => saying(randomBytes(2_000))));
    for (const client of clients) client.socket.end();
    await until(() => clients.every(({ ended }) => ended), "their ends");
    await expectServed();
  });

  it("P32: one that vanishes in the middle of a frame leaves nothing behind", async () => {
    const client = await saying(clientFrame("x".repeat(100)).subarray(0, 20));
    client.socket.resetAndDestroy();
    await until(() => house.events.some((event) => event.type === "disconnected"), "its end");
    await expectServed();
  });
});

describe("a reset at any step of a handshake", () => {
  const RESETS = 50;
  const bytesOf = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;

  it.each(["/", "/x", "/ws", "/auth/token"])(
    "P3: an upgrade to %s, then a reset, ends its own connection alone",
    async (path) => {
      for (let sent = 0; sent < RESETS; sent += 1) {
        const client = new RawClient(house.port);
        await once(client.socket, "connect");
        client.socket.write(bytesOf(path), () => client.socket.resetAndDestroy());
      }
      await until(() => house.sockets.size === 1, "their ends");
      await expectServed();
    },
  );
});

describe("text that is no frame of the protocol", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

  it.each([
    ["not JSON", "hello", "invalid_json"],
    ["empty", "", "invalid_json"],
    ["JSON that is no object", "42", "invalid_message"],
    ["null", "null", "invalid_message"],
    ["an array", "[]", "invalid_message"],
    ["deep arrays", nested(30_000), "invalid_message"],
    ["deep arrays as content", `{"content":${nested(30_000)}}`, "invalid_message"],
    ["a deep type", `{"type":${nested(30_000)}}`, "unknown_type"],
    ["a type that is inherited", '{"type":"__proto__","content":"x"}', "unknown_type"],
    ["content as __proto__", '{"__proto__":{"content":"x"}}', "invalid_message"],
    ["no content", '{"to":"bob"}', "invalid_message"],
    ["half a surrogate", '{"content":"\\ud800"}', "invalid_message"],
    ["a recipient that is no username", '{"to":"bob:carol","content":"x"}', "invalid_message"],
    ["a recipient that is an object", '{"to":{"$ne":1},"content":"x"}', "invalid_message"],
    ["a ref that is too long", `{"content":"x","ref":"${"r".repeat(65)}"}`, "invalid_message"],
  ])("P30: %s is an error, and the connection stays open", async (_name, text, code) => {
    bob.ws.send(text);
    expect(await bob.get("error")).toMatchObject({ code, temporary: false });
    await expectServed();
    expect(house.store.messages.map(({ content }) => content)).toEqual(["still here"]);
  });

  it("P11: __proto__ beside a message does no harm and is dropped", async () => {
    bob.ws.send('{"content":"x","ref":"r","__proto__":{"from":"mallory","admin":true}}');
    await bob.get("ack");
    expect(await bob.get("message")).toMatchObject({ from: "bob", content: "x" });
    expect({}).not.toHaveProperty("admin");
  });

  it("P32: ten invalid frames in a row end with 1008, nine and a valid one do not", async () => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 9; n++) bob.ws.send("rubbish");
      bob.say({ type: "ping" });
    }
    await bob.get("pong", 3);
    for (let n = 0; n < 10; n++) bob.ws.send("rubbish");
    bob.say({ content: "after the end", ref: "after" });
    expect(await bob.end()).toEqual({ code: 1008, reason: "too many invalid frames" });
    expect(bob.of("error")).toHaveLength(37);
    expect(house.store.messages).toEqual([]);
  });
});
