import { once } from "node:events";
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createFront } from "./front.ts";

interface Backend {
  name: string;
  url: string;
  ready: boolean;
  server: Server;
  isReady: () => Promise<boolean>;
  /** The WebSocket server, which holds the open WebSockets. */
  sockets: WebSocketServer;
}

let gateways: Backend[];
let history: Backend[];
let front: Server;
let url: string;

beforeEach(async () => {
  gateways = [await startBackend("g1"), await startBackend("g2")];
  history = [await startBackend("h")];
  front = createFront({ gateway: gateways, "history-api": history });
  url = await listening(front);
});

afterEach(() => {
  for (const server of [front, ...gateways.map((g) => g.server), ...history.map((h) => h.server)]) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts a server that echoes its name and each request, refuses the token "bad" and echoes WebSocket messages. */
async function startBackend(name: string): Promise<Backend> {
  const server = createServer(echo(name));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (req, socket, head) => {
    if (req.url?.includes("bad")) {
      const body = '{"code":"unauthorized"}';
      socket.end(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(req, socket, head, (ws) => {
      ws.send(name);
      ws.on("message", (data) => ws.send(`${data}!`));
    });
  });
  const backend: Backend = {
    name,
    server,
    sockets,
    url: await listening(server),
    ready: true,
    isReady: async () => backend.ready,
  };
  return backend;
}
function echo(name: string): RequestListener {
  return async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    const { host } = req.headers;
    res.end(JSON.stringify({ name, url: req.url, host, from: req.headers["x-forwarded-for"], body }));
  };
}

async function open(path = "/ws"): Promise<{ socket: WebSocket; name: string }> {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, "chat.v1");
  const [name] = await once(socket, "message");
  return { socket, name: String(name) };
}
async function refused(path: string): Promise<{ status: number | undefined; code: unknown }> {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path}`);
  socket.on("error", () => undefined);
  const [, res] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  let body = "";
  for await (const chunk of res) body += chunk;
  return { status: res.statusCode, code: JSON.parse(body).code };
}
const ask = async (path: string, init?: RequestInit): Promise<Record<string, string>> =>
  (await (await fetch(url + path, init)).json()) as Record<string, string>;

it("/ is a gateway's page for browsers, and lists the routes for other clients", async () => {
  const asBrowser = { headers: { accept: "text/html,*/*;q=0.8" } };
  expect((await (await fetch(url, asBrowser)).json()) as object).toMatchObject({ url: "/" });
  expect(await (await fetch(url)).text()).toContain("Routes, the app that serves each");
  expect(await (await fetch(`${url}/assets/a.js`)).json()).toMatchObject({ url: "/assets/a.js" });
});

it("routes a request by its path, with query, Host and body unchanged", async () => {
  expect(await ask("/messages/bob?limit=2")).toMatchObject({ name: "h", url: "/messages/bob?limit=2" });
  expect(await ask("/sync")).toMatchObject({ name: "h" });
  const token = await ask("/auth/token", { method: "POST", body: '{"username":"alice"}' });
  expect(token).toMatchObject({ name: "g1", body: '{"username":"alice"}', host: new URL(url).host });
});

it("answers in HTTP/1.1 a client that offers HTTP/2", async () => {
  const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
  const [response] = (await once(get(`${url}/messages/bob`, { headers }), "response")) as [IncomingMessage];
  expect(response.resume().statusCode).toBe(200);
});

it("ignores a client's own X-Forwarded-For", async () => {
  const answer = await ask("/sync", { headers: { "x-forwarded-for": "8.8.8.8" } });
  expect(answer.from).toMatch(/127\.0\.0\.1$/);
});

it("removes headers that are for its own connection, one of which would end the front", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /sync HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nTE: trailers\r\nExpect: 100-continue\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.includes("}")) break;
  }
  expect(answer).toContain('"name":"h"');
});

it("distributes connections to the gateways in turn, and forwards frames both ways", async () => {
  const names = [];
  for (let i = 0; i < 4; i++) {
    const { socket, name } = await open();
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello!");
    names.push(name);
    socket.close();
    await once(socket, "close");
  }
  expect(names.toSorted()).toEqual(["g1", "g1", "g2", "g2"]);
});

it("skips a gateway that is not ready", async () => {
  const [first] = gateways;
  if (first) first.ready = false;
  const names = [await open(), await open(), await open()].map(({ name, socket }) => {
    socket.terminate();
    return name;
  });
  expect(names).toEqual(["g2", "g2", "g2"]);
});

it("P3: forwards the answer to a refused upgrade", async () => {
  expect(await refused("/ws?token=bad")).toEqual({ status: 401, code: "unauthorized" });
});

it("answers 503 as problem+json if no process is ready, or the chosen one has died", async () => {
  for (const gone of [false, true]) {
    for (const target of [...gateways, ...history]) {
      target.ready = gone;
      if (gone) target.server.close();
    }
    const response = await fetch(`${url}/messages/bob`);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      503,
      "application/problem+json",
    ]);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ code: "unavailable" });
    expect(await refused("/ws")).toEqual({ status: 503, code: "unavailable" });
  }
});

it("P50: an answer that the app breaks off is broken off for the client", async () => {
  const [h] = history;
  h?.server.removeAllListeners("request").on("request", (_req, res) => {
    res.write('[{"id":"1"},');
    setImmediate(() => res.destroy());
  });
  const outcome = await new Promise((resolve) => {
    get(`${url}/messages/bob`, (res) => {
      res.on("error", () => undefined);
      res.resume().on("close", () => resolve(res.complete));
    }).on("error", () => resolve("cut"));
  });
  expect(outcome).not.toBe(true);
});

it("aborts the request to the app when the client disconnects", async () => {
  const [h] = history;
  const gone = new Promise<void>((resolve) => {
    h?.server.removeAllListeners("request").on("request", (_req, res) => {
      res.write("[");
      res.on("close", resolve);
    });
  });
  const req = request(`${url}/messages/bob`).on("error", () => undefined);
  req.on("response", (res) => res.on("error", () => undefined).once("data", () => req.destroy())).end();
  await gone;
});

it("closes a client's WebSocket when its gateway dies", async () => {
  const { socket, name } = await open();
  const closed = once(socket, "close");
  for (const client of gateways.find((gateway) => gateway.name === name)?.sockets.clients ?? [])
    client.terminate();
  await closed;
});

it("lists routes, apps and processes at /, and answers 404 elsewhere", async () => {
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toContain("text/plain");
  const text = await response.text();
  for (const word of ["/ws", "/messages*", "/sync", "gateway", "history-api", gateways[1]?.url]) {
    expect(text).toContain(word);
  }
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  expect(await refused("/messages/../nothing")).toEqual({ status: 404, code: "not_found" });
});
