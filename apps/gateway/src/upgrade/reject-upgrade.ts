import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ChatError } from "@parley/models";
import { problemOf } from "@parley/service";

/** Answers a handshake that is not upgraded, and ends its connection: the same answer as to a plain GET (P3). */
export function refuseUpgrade(
  socket: Duplex,
  error: ChatError,
  options: { readonly requestId: string; readonly headers?: Readonly<Record<string, string>> },
): void {
  const { status, headers, body } = problemOf(error, options);
  const lines = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines].join("\r\n");
  socket.once("finish", () => socket.destroy());
  socket.end(`${head}\r\n\r\n${body}`);
}
