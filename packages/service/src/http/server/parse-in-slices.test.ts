import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { get, soon, startServer, UPGRADE } from "./http-server-rig.ts";
import { SLICE_BYTES } from "./parse-in-slices.ts";
import { MAX_BODY_PIECES } from "./request-body.ts";

/** More bytes than Node reads at once. */
const MANY_BYTES = 200_000;

/** Collects what arrives on sockets that were upgraded, from the moment at which the test resumes them. */
class Upgraded {
  readonly sockets: Duplex[] = [];
  readonly pieces: Buffer[] = [];

  readonly handleUpgrade = (_req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.sockets.push(socket);
    this.pieces.push(head);
  };

  read(): void {
    for (const socket of this.sockets) socket.on("data", (piece: Buffer) => this.pieces.push(piece));
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString("latin1");
  }
}

describe("bytes that arrived together", () => {
  it("G5: aren't parsed to their end, if the body of their request has too many chunks", async () => {
    const begun: IncomingMessage[] = [];
    const server = await startServer({ handlers: { handleRequest: (req) => void begun.push(req) } });
    let parsed = 0;
    server.server.on("request", (req: IncomingMessage) => {
      req.on("error", () => undefined);
      const push = req.push;
      const countedPush: typeof push = (...piece) => {
        parsed += 1;
        return push.apply(req, piece);
      };
      req.push = countedPush;
    });
    const chunk = "1\r\nx\r\n";
    const client = server.connect();
    client.send(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(MANY_BYTES / chunk.length)}`,
    );
    await soon(() => expect(client.ended).toBe(true));
    expect(server.count("pieces")).toBe(1);
    expect(parsed).toBeGreaterThan(MAX_BODY_PIECES);
    expect(parsed).toBeLessThanOrEqual(MAX_BODY_PIECES + SLICE_BYTES / chunk.length + 1);
    expect(begun).toEqual([]);
  });

  it("are one body, whatever its length, and the next request after it", async () => {
    const bodies: string[] = [];
    const server = await startServer({
      handlers: {
        handleRequest: async (req, res) => {
          bodies.push(Buffer.concat(await req.toArray()).toString("latin1"));
          res.end();
        },
      },
    });
    const body = Array.from({ length: MANY_BYTES / 10 }, (_, n) => String(n).padStart(10)).join("");
    const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const client = server.connect().send(request + request + get("/"));
    await soon(() => expect(client.statuses).toEqual([200, 200, 200]));
    expect(bodies.map((each) => each === body)).toEqual([true, true, false]);
    expect(bodies[2]).toBe("");
  });

  it("behind an upgrade reach its handler in their order, and whole ones from then on", async () => {
    const upgraded = new Upgraded();
    const handlers = { handleRequest: () => undefined, handleUpgrade: upgraded.handleUpgrade };
    const server = await startServer({ handlers });
    const first = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(10)).join("");
    const client = server.connect().send(get("/ws", ...UPGRADE) + first);
    await soon(() => expect(upgraded.sockets).toHaveLength(1));
    upgraded.read();
    await soon(() => expect(upgraded.text).toBe(first));
    client.send("x".repeat(MANY_BYTES));
    await soon(() => expect(upgraded.text.length).toBe(first.length + MANY_BYTES));
    expect(Math.max(...upgraded.pieces.map(({ length }) => length))).toBeGreaterThan(SLICE_BYTES);
  });
});
