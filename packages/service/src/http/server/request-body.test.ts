import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { sendProblem } from "../problem.ts";
import { get, soon, startServer, UPGRADE } from "./http-server-rig.ts";
import { MAX_BODY_PIECES } from "./request-body.ts";

describe("the body of a request", () => {
  const chunked = (path: string, chunks: number) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(chunks)}`;

  it("G5: ends its connection if it comes in too many pieces, whether it is read or not, and before an answer", async () => {
    for (const isRead of [true, false]) {
      const held: IncomingMessage[] = [];
      const handleRequest = (req: IncomingMessage) => {
        held.push(req);
        req.on("error", () => undefined);
        if (isRead) req.resume();
      };
      const server = await startServer({ handlers: { handleRequest } });
      const client = server.connect().send(chunked("/", MAX_BODY_PIECES));
      await soon(() => expect(held).toHaveLength(1));
      expect(client.ended).toBe(false);
      client.send("1\r\nx\r\n".repeat(10_000));
      await soon(() => expect(client.ended).toBe(true));
      expect(server.count("pieces")).toBe(1);
      expect(held[0]?.readableLength).toBeLessThanOrEqual(MAX_BODY_PIECES);
      await soon(() => expect(server.open()).toBe(0));
    }
  });

  it("G5: ends its connection in the same way if its header comes after thousands of others", async () => {
    const seen: IncomingMessage[] = [];
    const server = await startServer({ handlers: { handleRequest: (req) => void seen.push(req) } });
    const headers = "a:\r\n".repeat(3_000);
    const client = server
      .connect()
      .send(
        `POST / HTTP/1.1\r\nHost: a\r\n${headers}X-Forwarded-For: b\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
    await soon(() => expect(seen).toHaveLength(1));
    expect(seen[0]?.headers).toMatchObject({ "x-forwarded-for": "b", "transfer-encoding": "chunked" });
    client.send("1\r\nx\r\n".repeat(10_000));
    await soon(() => expect(client.ended).toBe(true));
    expect(server.count("pieces")).toBe(1);
  });

  it("has more pieces the longer it is, as from a client whose network delivers little at a time", async () => {
    const handleRequest = async (req: IncomingMessage, res: ServerResponse) => {
      res.end(String(Buffer.concat(await req.toArray()).length));
    };
    const server = await startServer({ handlers: { handleRequest } });
    const chunks = "100\r\n".concat("x".repeat(256), "\r\n").repeat(2 * MAX_BODY_PIECES);
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const client = server.connect().send(`${head}${chunks}0\r\n\r\n`);
    await soon(() => expect(client.received).toContain(String(2 * MAX_BODY_PIECES * 256)));
  });

  it("G5: is refused with an upgrade, and dropped while the upgrade waits behind another request", async () => {
    const handleUpgrade = vi.fn();
    const server = await startServer({ handlers: { handleRequest: () => undefined, handleUpgrade } });
    const upgrades: IncomingMessage[] = [];
    server.server.on("upgrade", (req) => upgrades.push(req));
    const head = get("/ws", ...UPGRADE, "Transfer-Encoding: chunked");
    const refused = server.connect().send(`${head}1\r\nx\r\n0\r\n\r\n`);
    await soon(() => expect(refused.statuses).toEqual([400]));
    const client = server.connect().send(get("/unanswered"));
    client.send(head + "1\r\nx\r\n".repeat(10_000));
    await soon(() => expect(upgrades[1]?.readableLength).toBe(0));
    client.send("1\r\nx\r\n".repeat(MAX_BODY_PIECES + 1));
    await soon(() => expect(client.ended).toBe(true));
    expect(handleUpgrade).not.toHaveBeenCalled();
    await soon(() => expect(server.open()).toBe(0));
  });

  it("G5: isn't read on after the answer: the connection ends, and a refusal says so", async () => {
    const handlers = {
      handleRequest: (req: IncomingMessage, res: ServerResponse) => {
        if (req.url === "/refused") setImmediate(() => sendProblem(res, "not_found"));
        else setImmediate(() => res.end("answered"));
      },
    };
    const server = await startServer({ handlers });
    for (const path of ["/refused", "/answered"]) {
      const client = server.connect();
      client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx`);
      await soon(() => expect(client.ended).toBe(true));
      expect(client.received).toContain(path === "/answered" ? "answered" : "connection: close");
    }
  });

  it("that has arrived whole leaves its connection open, and so does a request without one", async () => {
    const handlers = {
      handleRequest: (req: IncomingMessage, res: ServerResponse) => {
        if (req.method === "POST") setImmediate(() => res.end("x"));
        else sendProblem(res, "not_found");
      },
    };
    const server = await startServer({ handlers });
    const client = server.connect();
    for (const text of ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", get("/x"), get("/y")]) {
      const answered = client.statuses.length;
      client.send(text);
      await soon(() => expect(client.statuses).toHaveLength(answered + 1));
    }
    expect(client.statuses).toEqual([200, 404, 404]);
    expect(client.received.toLowerCase()).not.toContain("connection: close");
  });
});
