import { connect, type Socket } from "node:net";
import { tokenOf } from "./running-api.ts";

/** Clients that send a request and read nothing of its response until the test resumes their sockets. */
export class SlowReaders {
  readonly #sockets: Socket[] = [];

  /** Connects a client and sends its request. `forwardedFor` is its address in the header of a trusted proxy. */
  async open(
    url: string,
    path: string,
    {
      user = "alice",
      scopes = [],
      forwardedFor = "",
    }: {
      readonly user?: string;
      readonly scopes?: readonly string[];
      readonly forwardedFor?: string;
    } = {},
  ): Promise<Socket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).pause();
    this.#sockets.push(socket);
    socket.on("error", () => undefined);
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${hostname}`,
      `Authorization: Bearer ${await tokenOf(user, scopes)}`,
      ...(forwardedFor ? [`X-Forwarded-For: ${forwardedFor}`] : []),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    return socket;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }
}
