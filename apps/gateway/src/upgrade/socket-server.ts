import { MAX_FRAME_BYTES } from "@parley/models";
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { Connection } from "../connection/connection.ts";

/** A WebSocket with a reference to its connection. So all sockets can share one listener for each kind of event. */
export class ChatSocket extends WebSocket {
  connection: Connection | undefined;
}

/** Returns the connection of a listener's `this`, or undefined if the socket has none yet. */
export function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof ChatSocket ? ws.connection : undefined;
}

/**
 * Longest wait for the client's close frame. After this time ws destroys the socket, even if its client reads
 * nothing.
 */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Maximum number of fragments of a message, and of chunks of a frame. ws holds each as an object of its own until the
 * last one has arrived. No network splits 64 KiB into this many.
 */
const MAX_PARTS = 1_024;

export type ChatSocketServer = Server<typeof ChatSocket>;

/** ws supports `closeTimeout`, but its types don't declare it. */
type Options = ServerOptions<typeof ChatSocket> & { readonly closeTimeout: number };

/**
 * Creates the ws server that upgrades sockets. ws itself closes with 1007 for bad UTF-8 and 1009 for a frame that is
 * too big (P12, P32). Compression is off: its memory costs more than the bytes that it saves on small chat frames.
 * ping-answers.ts answers pings.
 */
export function createSocketServer(): ChatSocketServer {
  const options: Options = {
    noServer: true,
    clientTracking: false,
    WebSocket: ChatSocket,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_PARTS,
    maxBufferedChunks: MAX_PARTS,
    perMessageDeflate: false,
    autoPong: false,
    skipUTF8Validation: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  return new WebSocketServer(options);
}
