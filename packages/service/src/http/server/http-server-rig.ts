import { connect, type Socket } from "node:net";
import { onTestFinished, vi } from "vitest";
import { closeServer, listen } from "../listen.ts";
import type { HttpEvent } from "./http-metrics.ts";
import { createHttpServer, type HttpServerOptions } from "./http-server.ts";

/** Long enough for a machine that stalls for some seconds. */
const SOON_MS = 20_000;

/** Waits until a check passes. It is made again every 50 ms. */
export function soon<T>(check: () => T | Promise<T>, timeoutMs = SOON_MS): Promise<T> {
  return vi.waitFor(check, timeoutMs);
}

/** A client that sends exact bytes and collects what it receives. */
class RawSocket {
  readonly socket: Socket;
  received = "";
  ended = false;

  constructor(port: number, localAddress: string | undefined) {
    this.socket = connect({ port, host: "127.0.0.1", localAddress });
    this.socket.setNoDelay(true);
    this.socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1");
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.ended = true;
    });
    onTestFinished(() => void this.socket.destroy());
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Statuses of the answers received so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  }
}

/** Starts a server that records its events. It is closed at the end of the test. */
export async function startServer(options: HttpServerOptions) {
  const events: HttpEvent[] = [];
  const server = createHttpServer({ ...options, observe: (event) => events.push(event) });
  const { port, url } = await listen(server, { port: 0, host: "127.0.0.1" });
  onTestFinished(() => closeServer(server, 0));
  return {
    server,
    url,
    events,
    /** Number of accepted sockets that are open. */
    open: () => events.findLast((event) => event.type === "sockets")?.open ?? 0,
    count: (type: HttpEvent["type"]) => events.filter((event) => event.type === type).length,
    connect: (localAddress?: string) => new RawSocket(port, localAddress),
  };
}

/** Returns a complete GET request, without a body. */
export function get(path: string, ...headers: readonly string[]): string {
  return ["GET ", path, " HTTP/1.1\r\nHost: a\r\n", ...headers.map((line) => `${line}\r\n`), "\r\n"].join("");
}

export const UPGRADE = ["Connection: Upgrade", "Upgrade: websocket"] as const;
