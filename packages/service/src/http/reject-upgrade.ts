import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ChatError } from "@parley/models";
import { type ProblemOptions, problemOf } from "./problem.ts";
import { sendRefusal } from "./server/http-connection.ts";

/**
 * Rejects an upgrade with the same problem+json response that a plain GET gets (P3), and ends the connection. The
 * response may be sent later, see RefusalPacer. The caller must have attached an `error` listener to the socket.
 */
export function rejectUpgrade(
  req: IncomingMessage,
  socket: Duplex,
  error: ChatError,
  options: ProblemOptions = {},
): void {
  const { status, headers, body } = problemOf(error, options);
  const lines = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines].join("\r\n");
  sendRefusal(req, status, () => {
    socket.once("finish", () => socket.destroy());
    socket.end(`${head}\r\n\r\n${body}`);
  });
}
