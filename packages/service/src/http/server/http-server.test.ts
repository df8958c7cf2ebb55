import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ChatError } from "@parley/models";
import { describe, expect, it } from "vitest";
import { TrustedProxies } from "../address.ts";
import { sendProblem } from "../problem.ts";
import { rejectUpgrade } from "../reject-upgrade.ts";
import { noteWebSocket } from "./http-connection.ts";
import type { HttpHandlers } from "./http-server.ts";
import { get, soon, startServer, UPGRADE } from "./http-server-rig.ts";

/** Handlers that record the requests and upgrades that have begun, in order. The test answers them. */
class Begun {
  readonly all: { readonly path: string; readonly answer: (text?: string) => void }[] = [];
  readonly handleRequest = (req: IncomingMessage, res: ServerResponse) => {
    this.all.push({ path: req.url ?? "", answer: (text = req.url) => void res.end(text) });
  };
  readonly handleUpgrade = (req: IncomingMessage, socket: Duplex) => {
    noteWebSocket(socket);
    this.all.push({ path: req.url ?? "", answer: () => void socket.write("HTTP/1.1 101 Switching\r\n\r\n") });
  };
  get paths(): string[] {
    return this.all.map(({ path }) => path);
  }
  async answer(index: number): Promise<void> {
    await soon(() => expect(this.all.length).toBeGreaterThan(index));
    this.all[index]?.answer();
  }
}

it("keeps an idle connection open for longer than load balancers do, and says so", async () => {
  const server = await startServer({ handlers: { handleRequest: (_req, res) => void res.end("x") } });
  const client = server.connect().send(get("/"));
  await soon(() => expect(client.received).toMatch(/Keep-Alive: timeout=75\r\n/));
  expect(server.server.keepAliveTimeout).toBe(75_000);
});

describe("requests of one connection", () => {
  it("G5: begin one at a time, each after the answer to the one before", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(["/1", "/2", "/3"].map((path) => get(path)).join(""));
    for (let at = 0; at < 3; at++) {
      await soon(() => expect(begun.paths).toHaveLength(at + 1));
      await begun.answer(at);
    }
    await soon(() => expect(client.received).toMatch(/\/1[\s\S]*\/2[\s\S]*\/3$/));
    expect(begun.paths).toEqual(["/1", "/2", "/3"]);
  });

  it("G5: don't begin while the answer before isn't read by its client", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(get("/1") + get("/2"));
    client.socket.pause();
    await soon(() => expect(begun.paths).toEqual(["/1"]));
    begun.all[0]?.answer("x".repeat(50_000_000));
    const other = server.connect().send(get("/other"));
    await begun.answer(1);
    await soon(() => expect(other.statuses).toEqual([200]));
    expect(begun.paths).toEqual(["/1", "/other"]);
    client.socket.resume();
    await soon(() => expect(begun.paths).toEqual(["/1", "/other", "/2"]));
  });

  it("G5: close their connection if too many wait, and none of those begins", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    let parsed = 0;
    server.server.on("request", () => parsed++);
    const client = server.connect().send(get("/x").repeat(1_000));
    await soon(() => expect(client.ended).toBe(true));
    expect(begun.paths).toEqual(["/x"]);
    expect(parsed, "requests that cost time").toBeLessThan(12);
    expect(server.count("pipelining")).toBe(1);
    await soon(() => expect(server.open()).toBe(0));
  });

  it("don't begin after their connection has ended", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(get("/1") + get("/2"));
    await soon(() => expect(begun.paths).toEqual(["/1"]));
    client.socket.resetAndDestroy();
    await soon(() => expect(server.open()).toBe(0));
    await begun.answer(0);
    expect(begun.paths).toEqual(["/1"]);
  });

  it("G5: an upgrade begins after the answer to the request before it", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(get("/1") + get("/ws", ...UPGRADE));
    await soon(() => expect(begun.paths).toEqual(["/1"]));
    await begun.answer(0);
    await begun.answer(1);
    await soon(() => expect(client.statuses).toEqual([200, 101]));
  });

  it("G5: a CONNECT behind an unanswered request ends the connection", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(`${get("/1")}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`);
    await soon(() => expect(client.ended).toBe(true));
    await soon(() => expect(server.open()).toBe(0));
  });

  it("wait for refusals too: no Host, and an unknown expectation", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect();
    client.send(get("/1") + get("/2", "Expect: miracles"));
    await begun.answer(0);
    await soon(() => expect(client.statuses).toEqual([200, 417]));
    const other = server.connect().send("GET / HTTP/1.1\r\n\r\n");
    await soon(() => expect(other.statuses).toEqual([400]));
    const old = server.connect().send("GET /old HTTP/1.0\r\n\r\n");
    await begun.answer(1);
    await soon(() => expect(old.statuses).toEqual([200]));
  });
});

describe("a failure", () => {
  it.each<[string, () => void | Promise<void>]>([
    [
      "thrown",
      () => {
        throw new Error("a secret");
      },
    ],
    ["rejected", () => Promise.reject(new Error("a secret"))],
  ])("of a request's handler, %s, is answered without its text and reported", async (_how, fail) => {
    const server = await startServer({ handlers: { handleRequest: fail } });
    const client = server.connect().send(get("/"));
    await soon(() => expect(client.received).toContain('"code":"internal"'));
    expect(client.received).not.toContain("secret");
    expect(server.count("failure")).toBe(1);
  });

  it.each<[string, () => void | Promise<void>]>([
    [
      "thrown",
      () => {
        throw new Error("a fault");
      },
    ],
    ["rejected", () => Promise.reject(new Error("a fault"))],
  ])("of an upgrade's handler, %s, ends its connection and is reported", async (_how, fail) => {
    const server = await startServer({ handlers: { handleRequest: () => undefined, handleUpgrade: fail } });
    const client = server.connect().send(get("/ws", ...UPGRADE));
    await soon(() => expect(client.ended).toBe(true));
    expect(server.count("failure")).toBe(1);
  });

  it("of a write after the end of a response is reported", async () => {
    const handleRequest = (_req: IncomingMessage, res: ServerResponse) => void res.end("whole").write("more");
    const server = await startServer({ handlers: { handleRequest } });
    const client = server.connect().send(get("/"));
    await soon(() => expect(client.received).toContain("whole"));
    await soon(() => expect(server.count("failure")).toBe(1));
  });

  it("to accept a connection is reported", async () => {
    const server = await startServer({ handlers: { handleRequest: () => undefined } });
    server.server.emit("error", new Error("accept EMFILE"));
    expect(server.count("accept-failed")).toBe(1);
  });
});

describe("a socket that was handed over", () => {
  it.each(["begun", "answered"])(
    "G5: ends nothing else if its client resets it, with its upgrade %s",
    async (stage) => {
      const begun = new Begun();
      const server = await startServer({ handlers: begun });
      for (let at = 0; at < 10; at++) {
        const client = server.connect().send(get("/ws", ...UPGRADE));
        await soon(() => expect(begun.paths).toHaveLength(at + 1));
        if (stage === "answered") await begun.answer(at);
        client.socket.resetAndDestroy();
      }
      await soon(() => expect(server.open()).toBe(0));
      const after = server.connect().send(get("/after"));
      await begun.answer(10);
      await soon(() => expect(after.statuses).toEqual([200]));
    },
  );
});

describe("an upgrade with a body", () => {
  it("is refused, and a reset afterwards ends only its own connection", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun });
    const client = server.connect().send(get("/ws", ...UPGRADE, "Content-Length: 5"));
    await soon(() => expect(client.statuses).toEqual([400]));
    const reset = server.connect().send(get("/ws", ...UPGRADE, "Transfer-Encoding: chunked"));
    reset.socket.resetAndDestroy();
    await soon(() => expect(server.open()).toBe(0));
    expect(begun.paths).toEqual([]);
  });
});

it("G5: a client that doesn't read an answer is disconnected", async () => {
  const handleRequest = (_req: IncomingMessage, res: ServerResponse) => void res.end("x".repeat(50_000_000));
  const server = await startServer({ handlers: { handleRequest }, stalledMs: 200 });
  server.connect().send(get("/")).socket.pause();
  await soon(() => expect(server.open()).toBe(1));
  await soon(() => expect(server.open()).toBe(0));
});

describe("accepted sockets", () => {
  const limits = { total: 6, perAddress: 3 };

  it("G5: one address can't shut out others, and those that say nothing make room for its own", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun, limits });
    const silent = Array.from({ length: 10 }, () => server.connect("127.0.0.2"));
    await soon(() => expect(silent.filter(({ ended }) => ended)).toHaveLength(7));
    const other = server.connect("127.0.0.3").send(get("/other"));
    await begun.answer(0);
    await soon(() => expect(other.statuses).toEqual([200]));
    await soon(async () => {
      const same = server.connect("127.0.0.2").send(get("/same"));
      await soon(() => expect(begun.paths).toContain("/same"), 150).finally(() => same.socket.destroy());
    });
    expect(server.count("evicted")).toBeGreaterThan(0);
  });

  it("G5: one that has become a WebSocket is never closed for others and doesn't count for its address", async () => {
    const begun = new Begun();
    const server = await startServer({ handlers: begun, limits });
    const sockets = Array.from({ length: 5 }, () => server.connect("127.0.0.2").send(get("/ws", ...UPGRADE)));
    for (let at = 0; at < sockets.length; at++) await begun.answer(at);
    await soon(() => expect(sockets.every(({ statuses }) => statuses[0] === 101)).toBe(true));
    server.connect("127.0.0.2");
    await soon(() => expect(server.open()).toBe(6));
    await soon(() => {
      server.connect("127.0.0.3");
      expect(server.count("evicted")).toBeGreaterThan(1);
    });
    expect(sockets.filter(({ ended }) => ended)).toEqual([]);
  });
});

describe("refusals", () => {
  const refuseAll: HttpHandlers = {
    handleRequest: (req, res) => (req.url === "/good" ? void res.end() : sendProblem(res, "unauthorized")),
    handleUpgrade: (req, socket) => rejectUpgrade(req, socket, new ChatError("unauthorized")),
  };
  const wrong = [get("/wrong"), get("/ws", ...UPGRADE)];

  it("G5: are held back for an address that gets many, and its good requests and other addresses aren't", async () => {
    const server = await startServer({ handlers: refuseAll });
    const flood = Array.from({ length: 250 }, (_, n) => server.connect().send(wrong[n % 2] ?? ""));
    const refused = () => flood.filter(({ statuses }) => statuses[0] === 401).length;
    await soon(() => expect(server.count("held-back")).toBeGreaterThan(100));
    const good = server.connect().send(get("/good"));
    const other = server.connect("127.0.0.9").send(get("/wrong"));
    await soon(() => expect([good.statuses, other.statuses]).toEqual([[200], [401]]));
    expect(refused()).toBeLessThan(250);
    await soon(() => expect(refused()).toBe(250));
  });

  it("G5: that are held back count for the address that a trusted proxy forwards", async () => {
    const trustedProxies = TrustedProxies.parse("127.0.0.1");
    const server = await startServer({ handlers: refuseAll, ...(trustedProxies && { trustedProxies }) });
    const from = (address: string) => server.connect().send(get("/wrong", `X-Forwarded-For: ${address}`));
    const flood = Array.from({ length: 200 }, () => from("192.0.2.1"));
    await soon(() => expect(server.count("held-back")).toBeGreaterThan(50));
    const others = Array.from({ length: 50 }, (_, n) => from(`192.0.2.${n + 2}`));
    const isRefused = ({ statuses }: (typeof flood)[number]) => statuses[0] === 401;
    await soon(() => expect(others.every(isRefused)).toBe(true));
    expect(flood.every(isRefused)).toBe(false);
  });

  it("G5: that are held back make room for new connections", async () => {
    const limits = { total: 100, perAddress: 100 };
    const server = await startServer({ handlers: refuseAll, limits });
    const good = () => server.connect().send(get("/good"));
    await soon(() => {
      for (let n = 0; n < 20; n++) server.connect("127.0.0.9").send(get("/ws", ...UPGRADE));
      expect(server.count("evicted")).toBeGreaterThan(0);
    });
    await soon(async () => {
      const client = good();
      await soon(() => expect(client.statuses).toEqual([200]), 100);
    });
  });
});
