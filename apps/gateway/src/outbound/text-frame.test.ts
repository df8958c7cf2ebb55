import { once } from "node:events";
import { createServer } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { textFrame } from "./text-frame.ts";

describe("an encoded text frame, decoded by ws", () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  let client: WebSocket;
  let write: (bytes: Buffer) => void;

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    server.on("upgrade", (_req, socket) => {
      write = (bytes) => socket.write(bytes);
    });
    client = new WebSocket(`ws://127.0.0.1:${address.port}`, { maxPayload: 1 << 24 });
    await once(client, "open");
  });

  afterAll(() => {
    client.terminate();
    sockets.close();
    server.close();
  });

  async function roundTrip(texts: readonly string[]): Promise<string[]> {
    const got: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on("message", (data, isBinary) => {
        got.push(isBinary ? "binary" : String(data));
        if (got.length === texts.length) resolve();
      });
    });
    write(Buffer.concat(texts.map(textFrame)));
    await all;
    client.removeAllListeners("message");
    return got;
  }

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])("P20: %i bytes", async (length) => {
    const text = "x".repeat(length);
    expect(await roundTrip([text])).toEqual([text]);
  });

  it("P20: any texts, many in one write", async () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
        expect(await roundTrip(texts)).toEqual(texts);
      }),
      { numRuns: 30 },
    );
  });
});
