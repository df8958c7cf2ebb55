import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A server that records the received text and answers every chunk with the same text in capitals. */
let server: Server;
let received: string;
let atServer: Socket[];
let proxy: TcpProxy;
const clients: Client[] = [];

interface Client {
  socket: Socket;
  text: string;
  ended: boolean;
  closed: undefined | "ok" | "reset";
}

beforeEach(async () => {
  received = "";
  atServer = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket);
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
    socket.on("data", (chunk) => {
      received += chunk;
      socket.write(chunk.toString().toUpperCase());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startTcpProxy((server.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  for (const socket of atServer) socket.destroy();
  server.close();
});

async function client(greeting: string): Promise<Client> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  const made: Client = { socket, text: "", ended: false, closed: undefined };
  clients.push(made);
  let failed = false;
  socket.on("data", (chunk) => {
    made.text += chunk;
  });
  socket.on("end", () => {
    made.ended = true;
  });
  socket.on("error", () => {
    failed = true;
  });
  socket.on("close", () => {
    made.closed = failed ? "reset" : "ok";
  });
  socket.write(greeting);
  return made;
}
const soon = (check: () => void) => vi.waitFor(check, 10_000);
const happens = (condition: () => boolean) => vi.waitUntil(condition, 10_000);
const answered = (to: Client, text: string) => soon(() => expect(to.text).toBe(text));

describe("TCP proxy", () => {
  it("forwards bytes and the end of the stream both ways, and counts bytes", async () => {
    const alice = await client("hello");
    await answered(alice, "HELLO");
    expect(proxy.bytes()).toEqual({ up: 5, down: 5 });
    alice.socket.end("bye");
    await answered(alice, "HELLOBYE");
    await soon(() => expect([alice.ended, proxy.links()]).toEqual([true, []]));
  });

  it("forwards a megabyte to a reader that pauses, without losing a byte", async () => {
    const alice = await client("");
    const big = "x".repeat(1 << 20);
    alice.socket.pause();
    alice.socket.write(big);
    await soon(() => expect(received.length).toBeGreaterThan(0));
    alice.socket.resume();
    await soon(() => expect(alice.text.length).toBe(big.length));
  });

  it("cuts only the selected links, with a reset or an orderly end", async () => {
    const [alice, bob, carol] = [await client("alice"), await client("bob"), await client("carol")];
    await answered(alice, "ALICE");
    await answered(bob, "BOB");
    await answered(carol, "CAROL");
    expect(proxy.cut("rst", (link) => link.opening === "alice")).toBe(1);
    await soon(() => expect(alice.closed).toBe("reset"));
    expect(proxy.cut("fin", (link) => link.opening === "bob")).toBe(1);
    await soon(() => expect(bob.ended).toBe(true));
    expect(bob.closed).not.toBe("reset");
    carol.socket.write("still");
    await answered(carol, "CAROLSTILL");
  });

  it("stalls one direction, and loses nothing when the direction passes again", async () => {
    const alice = await client("one");
    await answered(alice, "ONE");
    proxy.set("down", "stall");
    alice.socket.write("two");
    await soon(() => expect(received).toBe("onetwo"));
    expect(alice.text).toBe("ONE");
    proxy.set("both", "pass");
    await answered(alice, "ONETWO");
  });

  it("a stalled direction fills the sender's buffers", async () => {
    const alice = await client("one");
    await answered(alice, "ONE");
    proxy.set("up", "stall");
    const chunk = "x".repeat(1 << 20);
    await soon(() => {
      alice.socket.write(chunk);
      expect(alice.socket.writableLength).toBeGreaterThan(4 * chunk.length);
    });
    expect(proxy.bytes().up).toBeLessThan(chunk.length);
    expect(received).toBe("one");
  });

  it("swallows one direction, including the end of the stream, which makes a half-open link", async () => {
    const alice = await client("one");
    await answered(alice, "ONE");
    proxy.set("up", "swallow", (link) => link.opening.startsWith("one"));
    alice.socket.write("two");
    await soon(() => expect(proxy.bytes().up).toBe(6));
    alice.socket.destroy();
    const bob = await client("bob");
    await answered(bob, "BOB");
    expect(received).toBe("onebob");
    expect(atServer[0]?.readableEnded).toBe(false);
    atServer[0]?.write("anybody there?");
  });

  it("a rule that selects links by their opening also applies to future links", async () => {
    proxy.set("down", "swallow", (link) => link.opening.includes("SUBSCRIBE"));
    const [swallowed, passed] = [await client("SUBSCRIBE x"), await client("GET x")];
    await answered(passed, "GET X");
    await soon(() => expect(proxy.bytes().down).toBe(16));
    expect(swallowed.text).toBe("");
  });

  it("loses the reply to one request that the server executed", async () => {
    const [alice, bob] = [await client("alice"), await client("bob")];
    await answered(alice, "ALICE");
    await answered(bob, "BOB");
    const lost = proxy.loseNextReply((chunk) => chunk.includes("append"));
    bob.socket.write("read");
    await answered(bob, "BOBREAD");
    alice.socket.write("append");
    expect((await lost).opening).toBe("aliceappend");
    await soon(() => expect(alice.closed).toBe("reset"));
    expect(alice.text).toBe("ALICE");
    expect(received).toContain("append");
    bob.socket.write("append");
    await answered(bob, "BOBREADAPPEND");
  });

  it("swallows one client's request and all that follows, and forwards what came before", async () => {
    const [alice, bob] = [await client("alice"), await client("bob")];
    await answered(alice, "ALICE");
    await answered(bob, "BOB");
    const swallowed = proxy.swallowFrom((chunk) => chunk.includes("update"));
    alice.socket.write("insert");
    await answered(alice, "ALICEINSERT");
    alice.socket.write("update");
    expect((await swallowed).opening).toBe("aliceinsertupdate");
    const { up } = proxy.bytes();
    alice.socket.write("more");
    await soon(() => expect(proxy.bytes().up).toBe(up + "more".length));
    bob.socket.write("update");
    await answered(bob, "BOBUPDATE");
    expect(received).toBe("alicebobinsertupdate");
    expect(alice.text).toBe("ALICEINSERT");
  });

  it("refuses new connections and keeps the old ones", async () => {
    const alice = await client("one");
    await answered(alice, "ONE");
    proxy.refuse(true);
    const bob = await client("two");
    await soon(() => expect(bob.closed).toBe("reset"));
    alice.socket.write("more");
    await answered(alice, "ONEMORE");
    proxy.refuse(false);
    await answered(await client("three"), "THREE");
  });

  it("resets the client if the server is down", async () => {
    server.close();
    for (const socket of atServer) socket.destroy();
    const alice = await client("one");
    await soon(() => expect(alice.closed).toBe("reset"));
  });

  it("puts its own address into a URL", () => {
    expect(proxy.url("mongodb://127.0.0.1:1234/parley?w=1")).toBe(
      `mongodb://127.0.0.1:${proxy.port}/parley?w=1`,
    );
  });

  it("delays what a client sends, keeps its order, and forwards what it holds when the delay ends", async () => {
    const one = await client("first ");
    await happens(() => received === "first ");
    proxy.slow({ delayMs: 600_000 });
    one.socket.write("second ");
    await happens(() => proxy.bytes().up === "first second ".length);
    one.socket.write("third");
    await happens(() => proxy.bytes().up === "first second third".length);
    expect(received).toBe("first ");
    proxy.slow(undefined);
    await happens(() => received === "first second third");
    proxy.slow({ delayMs: 1, bytesPerSecond: 10_000 });
    one.socket.write(" fourth");
    await happens(() => one.text.endsWith("FOURTH"));
  });

  it("drops what it holds for a client that leaves", async () => {
    const one = await client("first");
    await happens(() => received === "first");
    proxy.slow({ delayMs: 600_000 });
    one.socket.write(" second");
    await happens(() => proxy.bytes().up === "first second".length);
    one.socket.end();
    await happens(() => one.ended);
    proxy.slow(undefined);
    expect(received).toBe("first");
  });
});
