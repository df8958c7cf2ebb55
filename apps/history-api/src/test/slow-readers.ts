import { connect, type Socket } from "node:net";
import { tokenOf } from "./running-api.ts";

/** Clients that send a request and read nothing of its response until they are told to. */
export class SlowReaders {
  readonly #sockets: Socket[] = [];

  /** `forwardedFor` is the address that a trusted proxy would name. */
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
