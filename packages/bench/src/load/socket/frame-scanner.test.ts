import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { isPrivate, stampedContent, stampIn } from "../stamp.ts";
import { Connection } from "./connection.ts";
import type { FrameKind } from "./dialect.ts";
import { FrameScanner } from "./frame-scanner.ts";

const serverFrame = (payload: string): Buffer => {
  const length = Buffer.byteLength(payload);
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x81;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.from(payload)]);
};

it("finds every frame, however the bytes are split", () => {
  const payloads = ["", "a", "b".repeat(125), "c".repeat(126), "d".repeat(65_535), "e".repeat(65_536), "f"];
  const bytes = Buffer.concat(payloads.map(serverFrame));
  for (const size of [509, 4_096, 65_536, bytes.length]) {
    const found: string[] = [];
    const scanner = new FrameScanner();
    for (let at = 0; at < bytes.length; at += size) {
      scanner.scan(bytes.subarray(at, at + size), (opcode, data, start, length) => {
        expect(opcode).toBe(1);
        found.push(data.toString("utf8", start, start + length));
      });
    }
    expect(found.map((text) => text.length)).toEqual(payloads.map((text) => text.length));
    expect(found).toEqual(payloads);
  }
});

it("finds frames that arrive byte by byte", () => {
  const lengths: number[] = [];
  const scanner = new FrameScanner();
  for (const byte of Buffer.concat(["", "a".repeat(125), "b".repeat(126), "c"].map(serverFrame))) {
    scanner.scan(Buffer.of(byte), (_opcode, _data, _start, length) => lengths.push(length));
  }
  expect(lengths).toEqual([0, 125, 126, 1]);
});

it("reads a stamp from within a frame, and never from the next frame", () => {
  const data = Buffer.from(`{"content":"${stampedContent(1_234_567.4, 100)}"}`);
  expect(stampedContent(1_234_567.4, 100)).toHaveLength(100);
  expect(stampIn(data, 0, data.length)).toBe(1_234_567);
  expect(stampIn(data, 0, 20)).toBeUndefined();
  expect(stampIn(Buffer.from("no stamp ~ here"), 0, 15)).toBeUndefined();
  expect(isPrivate(data, 0, data.length)).toBe(false);
  const secret = Buffer.from(`42["message",{"content":"${stampedContent(7, 100, "private")}"}]`);
  expect(isPrivate(secret, 0, secret.length)).toBe(true);
  expect(stampIn(secret, 0, secret.length)).toBe(7);
});

it("a Connection works with a WebSocket server: handshake, frames, pings", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const accepted = once(server, "connection");
  const received: [FrameKind, number][] = [];
  const { port } = server.address() as AddressInfo;
  const opening = Connection.open(
    { url: `ws://127.0.0.1:${port}/ws`, dialect: "parley" },
    "a.b.c",
    (kind, _, __, length) => received.push([kind, length]),
  );
  const [peer] = (await accepted) as [WebSocket];
  expect(peer.protocol).toBe("chat.v1");
  for (const type of ["ready", "reconnect", "message", "ack", "error"]) peer.send(JSON.stringify({ type }));
  const connection = await opening;
  onTestFinished(() => connection.close());

  const pong = once(peer, "pong");
  peer.ping("now");
  expect(String((await pong)[0])).toBe("now");
  expect(received.map(([kind]) => kind)).toEqual(["ready", "other", "message", "ack", "error"]);

  for (const length of [1, 200, 5_000]) {
    const message = once(peer, "message");
    connection.write(connection.frame("bob", "x".repeat(length), "1"));
    expect(JSON.parse(String((await message)[0]))).toEqual({
      to: "bob",
      content: "x".repeat(length),
      ref: "1",
    });
  }
});

it("a refused Connection rejects with the status", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient: () => false });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const opening = Connection.open(
    { url: `ws://127.0.0.1:${port}/ws`, dialect: "parley" },
    "t",
    () => undefined,
  );
  await expect(opening).rejects.toThrow("refused: HTTP/1.1 401");
});
