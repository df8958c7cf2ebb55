import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrustedProxies } from "../address.ts";
import { FirstRequests } from "./first-requests.ts";
import type { HttpHandlers } from "./http-server.ts";
import { get, soon, startServer, UPGRADE } from "./http-server-rig.ts";

/** An event loop whose turns the test makes. */
class FakeLoop {
  time = 0;
  #events = 0;
  readonly #callbacks: (() => void)[] = [];
  readonly now = () => this.time;
  readonly events = () => this.#events;
  readonly afterEvents = (callback: () => void) => void this.#callbacks.push(callback);

  /** Makes a turn in which so many events are handled, which takes so many ms. */
  turn({ events = 0, ms = 0 } = {}): void {
    this.#events += events;
    this.time += ms;
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  get isWaiting(): boolean {
    return this.#callbacks.length > 0;
  }
}

const BURST = 16;
const PER_IDLE_TURN = 2;

function rig() {
  const loop = new FakeLoop();
  const firstRequests = new FirstRequests(loop);
  const begun: string[] = [];
  const add = (address: string) => firstRequests.add(address, () => void begun.push(address));
  const addMany = (address: string, count: number) => Array.from({ length: count }, () => add(address));
  return { loop, firstRequests, begun, add, addMany };
}

describe("the first requests of an address", () => {
  it("G5: begin at once if they are few in a tenth of a second", () => {
    const { loop, begun, addMany } = rig();
    for (let n = 0; n < 50; n++) {
      expect(addMany("a", BURST)).toEqual(new Array(BURST).fill(undefined));
      loop.turn({ events: 1, ms: 100 });
    }
    expect(begun).toHaveLength(50 * BURST);
    expect(loop.isWaiting).toBe(false);
  });

  it("G5: beyond a burst begin a few at a time, each time after a turn of the loop without events", () => {
    const { loop, begun, addMany } = rig();
    addMany("a", BURST + 2 * PER_IDLE_TURN + 1);
    expect(begun).toHaveLength(BURST);
    loop.turn({ events: 1 });
    loop.turn({ events: 2 });
    expect(begun).toHaveLength(BURST);
    for (const count of [PER_IDLE_TURN, 2 * PER_IDLE_TURN, 2 * PER_IDLE_TURN + 1]) {
      loop.turn();
      expect(begun).toHaveLength(BURST + count);
      loop.turn({ events: 1 });
      expect(begun).toHaveLength(BURST + count);
    }
    expect(loop.isWaiting).toBe(false);
  });

  it("G5: begin one every five ms on a loop that is never idle", () => {
    const { loop, begun, addMany } = rig();
    addMany("a", 1_000);
    for (let ms = 0; ms < 1_000; ms++) loop.turn({ events: 1, ms: 1 });
    expect(begun).toHaveLength(BURST + 200);
  });

  it("G5: don't delay those of other addresses, and wait in turn with them", () => {
    const { loop, begun, add, addMany } = rig();
    addMany("a", 100);
    expect(add("b")).toBeUndefined();
    addMany("b", BURST + 1);
    loop.turn({ events: 1 });
    begun.length = 0;
    for (let n = 0; n < 8 / PER_IDLE_TURN; n++) loop.turn();
    expect(begun.join("")).toBe("ababaaaa");
  });

  it("G5: don't overtake one another", () => {
    const { loop, firstRequests } = rig();
    const begun: number[] = [];
    const add = (n: number) => firstRequests.add("a", () => void begun.push(n));
    for (let n = 0; n < BURST + 2; n++) add(n);
    loop.turn({ events: 1, ms: 200 });
    add(BURST + 2);
    while (loop.isWaiting) loop.turn();
    expect(begun).toEqual(Array.from({ length: BURST + 3 }, (_, n) => n));
  });

  it("G5: that are dropped while they wait never begin, and nothing is left of them", () => {
    const { loop, firstRequests, begun, addMany } = rig();
    const waiting = addMany("a", BURST + 50).filter((request) => request !== undefined);
    expect(waiting).toHaveLength(50);
    for (const request of waiting) firstRequests.drop(request);
    for (const request of waiting) firstRequests.drop(request);
    loop.turn();
    expect(begun).toHaveLength(BURST);
    expect(loop.isWaiting).toBe(false);
  });

  it("G5: begin once, at most a few in a turn, whatever happens", () => {
    const turn = fc.record({ events: fc.integer({ min: 0, max: 2 }), ms: fc.integer({ min: 0, max: 7 }) });
    const step = fc.record({ address: fc.constantFrom("a", "b", "c"), count: fc.nat(30), turn });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { loop, begun, addMany } = rig();
        const added: string[] = [];
        for (const { address, count, turn } of steps) {
          addMany(address, count);
          added.push(...new Array<string>(count).fill(address));
          const before = begun.length;
          loop.turn(turn);
          expect(begun.length - before).toBeLessThanOrEqual(PER_IDLE_TURN);
        }
        while (loop.isWaiting) loop.turn();
        expect(begun.toSorted()).toEqual(added.toSorted());
      }),
    );
  });
});

describe("the first requests of a server", () => {
  const upgrade = get("/ws", ...UPGRADE);

  async function start(trusted = "") {
    const loop = new FakeLoop();
    const begun: string[] = [];
    const begin = ({ url = "" }: IncomingMessage) => void begun.push(url);
    const handlers = { handleRequest: begin, handleUpgrade: begin };
    const trustedProxies = TrustedProxies.parse(trusted) ?? TrustedProxies.none;
    const server = await startServer({ handlers, trustedProxies, loop });
    const fill = async (request: string) => {
      for (let n = 0; n < BURST; n++) server.connect().send(request);
      await soon(() => expect(begun).toHaveLength(BURST));
    };
    return { loop, begun, server, fill };
  }

  it.each(["/page", "/ws"])("G5: wait for the turn of their address: %s", async (path) => {
    const { loop, begun, server, fill } = await start();
    await fill(get("/many"));
    server.connect().send(path === "/ws" ? upgrade : get(path));
    await soon(() => expect(server.count("waits")).toBe(1));
    server.connect("127.0.0.2").send(get("/other"));
    await soon(() => expect(begun.at(-1)).toBe("/other"));
    expect(begun).not.toContain(path);
    loop.turn({ events: 1 });
    loop.turn();
    expect(begun.at(-1)).toBe(path);
  });

  it("G5: don't begin if their client disconnects while they wait", async () => {
    const { loop, begun, server, fill } = await start();
    await fill(get("/many"));
    const client = server.connect().send(get("/left"));
    await soon(() => expect(server.count("waits")).toBe(1));
    client.socket.destroy();
    await soon(() => expect(server.open()).toBe(BURST));
    loop.turn({ events: 1 });
    expect([begun.length, loop.isWaiting]).toEqual([BURST, false]);
  });

  it("G5: that are upgrades close their socket if their client has left", async () => {
    const { loop, begun, server, fill } = await start();
    const accepted: Socket[] = [];
    server.server.on("connection", (socket) => accepted.push(socket));
    await fill(upgrade);
    const client = server.connect().send(upgrade);
    await soon(() => expect(server.count("waits")).toBe(1));
    client.socket.destroy();
    await soon(() => expect(accepted.at(-1)?.readableEnded).toBe(true));
    loop.turn({ events: 1 });
    loop.turn();
    await soon(() => expect(server.open()).toBe(BURST));
    expect(begun).toHaveLength(BURST);
  });

  it("G5: wait for the address that a trusted proxy forwards", async () => {
    const { begun, server, fill } = await start("127.0.0.1");
    const from = (address: string, path: string) => get(path, `X-Forwarded-For: ${address}`);
    await fill(from("192.0.2.1", "/many"));
    server.connect().send(from("192.0.2.1", "/same"));
    await soon(() => expect(server.count("waits")).toBe(1));
    server.connect().send(from("192.0.2.2", "/other"));
    await soon(() => expect(begun.at(-1)).toBe("/other"));
    expect(begun).not.toContain("/same");
  });

  it("are counted only once for each connection: its later requests don't wait", async () => {
    const handlers: HttpHandlers = { handleRequest: (_req, res) => void res.end() };
    const server = await startServer({ handlers, loop: new FakeLoop() });
    const client = server.connect();
    for (let n = 8; n <= 3 * BURST; n += 8) {
      client.send(get("/again").repeat(8));
      await soon(() => expect(client.statuses).toHaveLength(n));
    }
    expect(server.count("waits")).toBe(0);
  });
});
