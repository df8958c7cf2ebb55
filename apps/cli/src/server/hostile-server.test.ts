import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ParleyError } from "@parley/client";
import { expect, it, onTestFinished } from "vitest";
import { conversations } from "../commands/conversations.ts";
import { token } from "../commands/token.ts";
import type { Io } from "../terminal/io.ts";
import { connectClient, describeState } from "./connect-client.ts";
import { requestJson } from "./request-json.ts";

/** Clears the screen, and sets the terminal's title. */
const ESCAPES = "\x1b[2J\x1b]0;owned\x07";

async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("G5: a reason that the server wrote can't act on the terminal", async () => {
  const url = await startServer((_, response) => {
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ code: "unavailable", detail: ESCAPES }));
  });
  const notes: string[] = [];
  const ending = new AbortController();
  const note = (text: string) => {
    notes.push(text);
    ending.abort();
  };
  const io = { note, ended: ending.signal } as never as Io;
  const options = { url, historyUrl: undefined, token: "e30.e30.x", as: undefined, timeoutMs: 20_000 };
  await expect(connectClient(options, io)).rejects.toThrow();
  expect(notes.join("\n")).toContain("\\x1b[2J");
  expect(notes.join("\n")).not.toContain("\x1b");
  const error = new ParleyError(ESCAPES, ESCAPES, { temporary: true });
  for (const state of [
    { phase: "catching-up", received: 1, error },
    { phase: "offline", retryAt: Date.now(), error },
    { phase: "closed", error },
  ] as const)
    expect(describeState(state)).not.toContain("\x1b");
});

it("G5: neither can a list or a token that the server gives", async () => {
  const last = { id: ESCAPES, from: ESCAPES, to: ESCAPES, content: ESCAPES, timestamp: ESCAPES };
  const listed = { with: ESCAPES, last, unread: ESCAPES };
  const url = await startServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ conversations: [listed], public: listed, token: ESCAPES }));
  });
  const printed: string[] = [];
  const io = {
    print: (text: string) => printed.push(text),
    ended: new AbortController().signal,
  } as never as Io;
  const server = { url, historyUrl: undefined, token: "e30.e30.x", as: undefined, timeoutMs: 20_000 };
  await conversations({ ...server, json: false, limit: undefined, unread: false }, io);
  await token("alice", { url, scopes: [], expiresInSeconds: undefined }, io);
  expect(printed).toHaveLength(3);
  expect(printed.join("\n").match(/\\x1b\[2J/g)?.length).toBeGreaterThan(6);
  // The styles of a terminal are this program's own.
  for (const sequence of ["\x1b[2J", "\x1b]"]) expect(printed.join("\n")).not.toContain(sequence);
});

it("G5: an answer without an end isn't read to its end", async () => {
  const part = Buffer.alloc(1024 * 1024, " ");
  let sent = 0;
  const url = await startServer(async (_, response) => {
    for (; !response.destroyed; sent += 1) {
      if (!response.write(part))
        await Promise.race([once(response, "drain"), once(response, "close"), delay(2_000)]);
    }
  });
  const request = requestJson(url, { signal: new AbortController().signal, timeoutMs: 30_000 });
  await expect(request).resolves.toBeUndefined();
  expect(sent).toBeLessThan(64);
});
