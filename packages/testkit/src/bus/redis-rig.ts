import { connect } from "node:net";
import type { BusEvent, Consumer, LogTail } from "@parley/bus";
import { RedisBus } from "@parley/bus/redis";
import type { LocalServer } from "@parley/local";
import { startTcpProxy, type TcpProxy, type Where } from "../tcp-proxy.ts";
import { type BusFixture, busFixture } from "./fixture.ts";

/** Sends one command over a connection of its own, as an operator would. Returns Redis' raw reply. */
export async function redisCommand(url: string, ...args: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    const encoded = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    socket.write(`*${args.length}\r\n${encoded.join("")}*1\r\n$4\r\nQUIT\r\n`);
    let reply = "";
    for await (const chunk of socket) reply += String(chunk);
    if (reply.startsWith("-")) throw new Error(`${args[0]}: ${reply.split("\r\n")[0]}`);
    return reply.replace(/\+OK\r\n$/, "");
  } finally {
    socket.destroy();
  }
}

/** The services on one Redis. The gateway with the live feed connects through a proxy; another gateway appends. */
export interface RedisRig extends BusFixture {
  readonly proxy: TcpProxy;
  readonly server: LocalServer;
  /** The events of the gateway with the live feed. */
  readonly events: BusEvent[];
  /** Removes all stored entries from the log, as a persister does regularly. */
  trim(): ReturnType<Consumer["trim"]>;
  command(...args: readonly string[]): Promise<string>;
}

/** Empties `server` and starts the services on it. */
export async function redisRig(server: LocalServer): Promise<RedisRig> {
  await redisCommand(server.url, "FLUSHALL");
  const proxy = await startTcpProxy(server.port);
  const events: BusEvent[] = [];
  const listening = new RedisBus({ url: proxy.url(server.url), observe: (event) => events.push(event) });
  const sending = new RedisBus({ url: server.url });
  const persister = new RedisBus({ url: server.url, trimMinAgeMs: 0 });
  const history = new RedisBus({ url: server.url });
  const fixture = await busFixture({
    gateway: {
      append: () => sending.append(),
      live: (listener) => listening.live(listener),
      consume: (options) => persister.consume(options),
      tail: () => history.tail(),
      revocations: () => sending.revocations(),
      raiseMarks: (listener) => listening.raiseMarks(listener),
      storeMarks: () => persister.storeMarks(),
      findMarks: () => history.findMarks(),
      close: async () => {
        await Promise.all([sending.close(), listening.close()]);
      },
    },
    persister,
    history,
    setClockAhead: () => Promise.reject(new Error("this rig has no such clock")),
    close: async () => {
      await Promise.all([sending, listening, persister, history].map((bus) => bus.close()));
      await proxy.close();
    },
  });
  return {
    ...fixture,
    proxy,
    server,
    events,
    trim: async () => {
      // The first call notes what is stored, and the second one removes it.
      await fixture.consume.trim();
      return await fixture.consume.trim();
    },
    command: (...args) => redisCommand(server.url, ...args),
  };
}

/** Selects the gateway's subscriber connection and every connection that replaces it. */
export const subscriber: Where = (link) => /subscribe/i.test(link.opening);

/** Counts the gateway's events that have this type and the field values in `more`. */
export function count(rig: RedisRig, type: BusEvent["type"], more: Partial<BusEvent> = {}): number {
  const matches = (event: BusEvent) =>
    Object.entries({ type, ...more }).every(([name, value]) => Reflect.get(event, name) === value);
  return rig.events.filter(matches).length;
}

/** Returns true if the watermark has reached the log's end. */
export async function allStored(tail: LogTail): Promise<boolean> {
  return (await tail.watermark()) === (await tail.position());
}
