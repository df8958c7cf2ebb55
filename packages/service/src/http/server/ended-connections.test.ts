import type { IncomingMessage, ServerResponse } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { get, soon, startServer } from "./http-server-rig.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { type: "minor" }) => void;

const CONNECTIONS = 64;
/** Attached to each request. Its memory is counted until it is freed. */
const MARKER_BYTES = 64 * 1024;

/** Opens connections with one request each, ends them, and returns how many of the requests the next scavenges leave. */
async function keptRequests(
  request: string,
  answer: (res: ServerResponse) => void,
): Promise<{ begun: number; kept: number }> {
  let begun = 0;
  const handleRequest = (req: IncomingMessage & { marker?: ArrayBuffer }, res: ServerResponse) => {
    begun += 1;
    req.on("error", () => undefined);
    req.marker = new ArrayBuffer(MARKER_BYTES);
    answer(res);
  };
  const server = await startServer({ handlers: { handleRequest } });
  const before = process.memoryUsage().arrayBuffers;
  const clients = Array.from({ length: CONNECTIONS }, () => server.connect().send(request));
  await soon(() => expect(begun).toBe(CONNECTIONS));
  for (const { socket } of clients) socket.resetAndDestroy();
  await soon(() => expect(server.open()).toBe(0));
  // A scavenge moves what it finds alive, and the next one frees what has died since.
  for (let i = 0; i < 4; i += 1) collect({ type: "minor" });
  return { begun, kept: Math.round((process.memoryUsage().arrayBuffers - before) / MARKER_BYTES) };
}

describe("what an ended connection leaves", () => {
  const body = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";

  it.each([
    ["answered", get("/"), (res: ServerResponse) => void res.end("a")],
    ["unanswered", get("/"), () => undefined],
    ["unanswered, with a body", body, () => undefined],
  ])("is freed by a scavenge: %s", async (_name, request, answer) => {
    const { begun, kept } = await keptRequests(request, answer);
    expect(begun).toBe(CONNECTIONS);
    expect(kept).toBeLessThan(CONNECTIONS / 2);
  });

  it("is freed at once, if it is what arrived and wasn't parsed", async () => {
    const server = await startServer({ handlers: { handleRequest: () => undefined } });
    const tooManyPieces = body.concat("1\r\nx\r\n".repeat(10_000));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < CONNECTIONS; i += 1) server.connect().send(tooManyPieces);
    await soon(() => expect(server.count("pieces")).toBe(CONNECTIONS));
    await soon(() => expect(server.open()).toBe(0));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(
      (CONNECTIONS * tooManyPieces.length) / 4,
    );
  });
});
