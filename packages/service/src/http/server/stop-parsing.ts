import type { Socket } from "node:net";

/** The part of a socket's HTTP parser that is used here. Node doesn't document it, so any property may be missing. */
interface ParsedSocket {
  readonly parser?: { onIncoming?: unknown } | null;
}

/** Its return value makes the parser stop after this request, as it does before a change of protocol. */
const stop = () => 2;

/**
 * Stops Node's parser, which otherwise creates all requests of the chunk that it has read, even after the socket was
 * destroyed. A chunk of 64 KiB holds hundreds of small requests, and each costs more time than its bytes do.
 */
export function stopParsing(socket: Socket): void {
  const { parser } = socket as ParsedSocket;
  if (parser) parser.onIncoming = stop;
}
