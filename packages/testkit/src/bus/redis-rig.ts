import { connect } from "node:net";
import type { BusEvent, Consumer, LogTail } from "@parley/bus";
import { RedisBus } from "@parley/bus/redis";
import type { OwnServer } from "@parley/local";
import { startTcpProxy, type TcpProxy, type Where } from "../tcp-proxy.ts";
import { type BusFixture, busFixture } from "./fixture.ts";

/** One command from somebody outside of Parley, over a connection of its own; the reply as Redis writes it. */
export async function redisCommand(url: string, ...args: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    socket.write(`*${args.length}\r\n${parts.join("")}*1\r\n$4\r\nQUIT\r\n`);
    let reply = "";
    for await (const chunk of socket) reply += String(chunk);
    if (reply.startsWith("-")) throw new Error(`${args[0]}: ${reply.split("\r\n")[0]}`);
    return reply.replace(/\+OK\r\n$/, "");
  } finally {
    socket.destroy();
  }
}

/** Three services over one Redis. The gateway that listens reaches it through a proxy; messages come from another. */
export interface RedisRig extends BusFixture {
  readonly proxy: TcpProxy;
  readonly server: OwnServer;
  /** What the gateway that listens has told its app. */
  readonly events: BusEvent[];
  /** Removes from the log all that is stored, as a persister does in time. */
  trim(): ReturnType<Consumer["trim"]>;
  command(...args: readonly string[]): Promise<string>;
}

export async function redisRig(server: OwnServer): Promise<RedisRig> {
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
      close: async () => {
        await Promise.all([sending.close(), listening.close()]);
      },
    },
    persister,
    history,
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
    trim: () => fixture.consume.trim(),
    command: (...args) => redisCommand(server.url, ...args),
  };
}

/** The gateway's subscriber connection, and those that follow it. */
export const subscriber: Where = (link) => /subscribe/i.test(link.opening);

/** How often the gateway told of an event of this kind. */
export function count(rig: RedisRig, type: BusEvent["type"], more: Partial<BusEvent> = {}): number {
  const fits = (event: BusEvent) =>
    Object.entries({ type, ...more }).every(([name, value]) => Reflect.get(event, name) === value);
  return rig.events.filter(fits).length;
}

/** Everything stored, as the log knows it. */
export async function allStored(tail: LogTail): Promise<boolean> {
  return (await tail.watermark()) === (await tail.position());
}
