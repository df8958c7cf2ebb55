import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, type ParleyClient } from "./client.ts";
import type { ConnectOptions } from "./options.ts";
import type { State } from "./state.ts";

const clients: ParleyClient[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close();
});

/** Starts a server that answers every request without upgrading it. Returns its WebSocket address. */
async function refusingServer(answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
}

function open(options: Partial<ConnectOptions> & { url: string }): { client: ParleyClient; states: State[] } {
  const client = connect({ token: () => "a.b.c", backoff: { baseMs: 1, maxMs: 5 }, ...options });
  const states: State[] = [];
  client.state.subscribe((state) => states.push(state));
  clients.push(client);
  return { client, states };
}

function problem(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "content-type": "application/problem+json" }).end(JSON.stringify(body));
}

describe("options that can never work", () => {
  it.each<[string, Partial<ConnectOptions>]>([
    ["no URL", { url: "nowhere" }],
    ["another scheme", { url: "ftp://chat.example.com" }],
    ["a password in the address", { url: "wss://me:secret@chat.example.com/ws" }],
    ["an invalid historyUrl", { historyUrl: "//" }],
    ["an empty page", { syncPageSize: 0 }],
    ["a page that is too large", { syncPageSize: 1_001 }],
    ["a heartbeat that isn't a number", { heartbeat: { everyMs: Number.NaN, timeoutMs: 1 } }],
  ])("connect throws invalid_option for %s, and starts nothing", (_what, options) => {
    const token = vi.fn(() => "a.b.c");
    expect(() => connect({ url: "wss://chat.example.com/ws", token, ...options })).toThrowError(
      expect.objectContaining({ code: "invalid_option", message: expect.not.stringContaining("secret") }),
    );
    expect(token).not.toHaveBeenCalled();
  });
});

describe("a failed handshake", () => {
  it("P3, P40: a temporary refusal is retried, and the state has its reason", async () => {
    const url = await refusingServer((_req, res) => problem(res, 503, { code: "draining", retryAfterMs: 5 }));
    const { client, states } = open({ url });
    await expect.poll(() => states.filter(({ phase }) => phase === "offline").length).toBeGreaterThan(3);
    expect(states.find(({ phase }) => phase === "offline")).toMatchObject({
      error: { code: "draining", temporary: true, retryAfterMs: 5 },
    });
    client.close();
    expect(client.state.current).toEqual({ phase: "closed" });
  });
});

describe("closing and tokens", () => {
  const nowhere = "ws://127.0.0.1:9/ws";

  it("closing while token() hangs takes effect at once, and pending calls reject", async () => {
    const { client, states } = open({ url: nowhere, token: () => new Promise(() => undefined) });
    const sent = client.send("bob", "x").catch((error: unknown) => error);
    const requested = client.history("bob").catch((error: unknown) => error);
    client.close();
    expect(await sent).toMatchObject({ code: "closed", mayHaveGoneThrough: false });
    expect(await requested).toMatchObject({ code: "closed" });
    expect(states.at(-1)).toEqual({ phase: "closed" });
  });

  it("an AbortSignal closes the client, before or after the start", async () => {
    const controller = new AbortController();
    const { client } = open({ url: nowhere, signal: controller.signal });
    controller.abort();
    expect(client.state.current.phase).toBe("closed");
    const token = vi.fn(() => "a.b.c");
    expect(open({ url: nowhere, token, signal: controller.signal }).client.state.current.phase).toBe(
      "closed",
    );
    await Promise.resolve();
    expect(token).not.toHaveBeenCalled();
  });

  it.each<[string, () => string]>([
    [
      "throws",
      () => {
        throw new Error("no issuer");
      },
    ],
    ["returns something that isn't a token", () => "two words"],
    ["returns undefined", () => undefined as unknown as string],
  ])("token() that %s is called again with backoff, and the state has the reason", async (_what, token) => {
    const { states } = open({ url: nowhere, token });
    await expect.poll(() => states.filter(({ phase }) => phase === "offline").length).toBeGreaterThan(2);
    expect(states.find(({ phase }) => phase === "offline")).toMatchObject({
      error: { code: "token_failed" },
    });
  });

  it("token() that hangs fails after requestTimeoutMs", async () => {
    const { states } = open({
      url: nowhere,
      token: () => new Promise(() => undefined),
      requestTimeoutMs: 20,
    });
    await expect
      .poll(() => states.find(({ phase }) => phase === "offline"))
      .toMatchObject({
        error: { code: "token_failed" },
      });
  });
});

it("reconnectNow ends the current wait, and doesn't shorten the next one", async () => {
  let requested = 0;
  const url = await refusingServer((_req, res) => {
    requested++;
    res.writeHead(503).end();
  });
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { client, states } = open({ url, backoff: { baseMs: 600_000, maxMs: 600_000 } });
  client.reconnectNow();
  await expect.poll(() => client.state.current.phase).toBe("offline");
  const before = requested;
  client.reconnectNow();
  await expect.poll(() => states.filter(({ phase }) => phase === "offline").length).toBe(2);
  expect(requested).toBeGreaterThan(before);
  vi.restoreAllMocks();
});

describe("requests", () => {
  it("P55: a 401 is retried once, with a fresh token", async () => {
    const url = await refusingServer((req, res) => {
      if (req.headers.authorization === "Bearer second") res.end("[]");
      else problem(res, 401, { code: "token_expired" });
    });
    let tokenCalls = 0;
    const client = connect({ url, token: () => (tokenCalls++ === 0 ? "first" : "second") });
    clients.push(client);
    expect(await client.history("bob")).toEqual({ messages: [], more: false });
    expect(tokenCalls).toBe(2);
  });

  it.each([".", "..", "\ud800"])(
    "P4: a name that no URL can contain is rejected before the request: %j",
    async (name) => {
      const { client } = open({ url: await refusingServer((_req, res) => res.end("[]")) });
      await expect(client.history(name)).rejects.toMatchObject({ code: "invalid_username" });
    },
  );

  it("P57: requests a page of conversations, and the next one", async () => {
    const requested: (string | undefined)[] = [];
    const url = await refusingServer((req, res) => {
      if (req.headers.upgrade === undefined) requested.push(req.url);
      res.end('{"conversations":[],"next":"7"}');
    });
    const { client } = open({ url });
    expect(await client.conversations()).toEqual({ conversations: [], next: "7" });
    await client.conversations({ limit: 9, before: "7" });
    const pages = requested.filter((path) => path?.startsWith("/conversations"));
    expect(pages).toEqual(["/conversations?limit=50", "/conversations?limit=9&before=7"]);
    client.close();
    await expect(client.conversations()).rejects.toMatchObject({ code: "closed" });
  });

  it("G4: a response that isn't Parley's is an error, never an empty page", async () => {
    const { client } = open({ url: await refusingServer((_req, res) => res.end("<html>")) });
    await expect(client.history("bob")).rejects.toMatchObject({ code: "unreachable", temporary: true });
    await expect(client.conversations()).rejects.toMatchObject({ code: "unreachable", temporary: true });
  });

  it.each([
    ["the path", 404, "not_found", 404, "not_found", "not_supported"],
    ["the method", 405, "method_not_allowed", 400, "invalid_parameter", "not_supported"],
    ["the message", 404, "not_found", 400, "invalid_parameter", "not_found"],
  ])(
    "P73: an error says that the server doesn't have %s",
    async (_what, status, code, probeStatus, probeCode, expected) => {
      const url = await refusingServer((req, res) => {
        if (!req.url?.startsWith("/message/")) res.writeHead(503).end();
        else if (req.url === "/message/-") problem(res, probeStatus, { code: probeCode });
        else problem(res, status, { code });
      });
      const { client } = open({ url });
      const id = "1752674400123-0000000000-00";
      for (const request of [() => client.edit(id, "x"), () => client.remove(id), () => client.message(id)])
        await expect(request()).rejects.toMatchObject({ code: expected, temporary: false });
    },
  );

  it.each(["", "..", "a/b", "a?b", undefined as unknown as string])(
    "P73: an id that no message has is refused before the request: %j",
    async (id) => {
      const { client } = open({ url: await refusingServer((_req, res) => res.end("{}")) });
      for (const request of [() => client.edit(id, "x"), () => client.remove(id), () => client.message(id)])
        await expect(request()).rejects.toMatchObject({ code: "invalid_parameter" });
    },
  );

  it.each([
    ["no recipient", [undefined as unknown as string, "x"], {}, "invalid_message"],
    ["a ref that is too long", ["bob", "x"], { ref: "r".repeat(65) }, "invalid_message"],
    ["a frame that is too large", ["bob", "€".repeat(30_000)], {}, "content_too_long"],
    ["a meta that isn't an object", ["bob", "x"], { meta: [] as never }, "invalid_message"],
    ["a meta that isn't JSON", ["bob", "x"], { meta: { n: 1n } }, "invalid_message"],
  ] as const)("P12: a send with %s rejects at once", async (_what, [to, content], options, code) => {
    const { client } = open({ url: "ws://127.0.0.1:9/ws" });
    await expect(client.send(to, content, options)).rejects.toMatchObject({
      code,
      mayHaveGoneThrough: false,
    });
  });
});
