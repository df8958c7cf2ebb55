import { MAX_FRAME_BYTES } from "@parley/models";
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { Connection } from "../connection/connection.ts";

/** A WebSocket that knows its connection, so that all sockets share one listener for each kind of event. */
export class ChatSocket extends WebSocket {
  connection: Connection | undefined;
}

/** Returns the connection of a listener's `this`, or undefined if the socket has none yet. */
export function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof ChatSocket ? ws.connection : undefined;
}

/** Longest wait for the client's close frame. After it ws destroys the socket, also one that doesn't read. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Bounds the fragments of a message and the chunks of a frame that ws holds until the last one has arrived, each as
 * an object of its own. No network splits 64 KiB into this many.
 */
const MAX_PARTS = 1_024;

export type ChatSocketServer = Server<typeof ChatSocket>;

/** ws supports `closeTimeout`, but its types don't declare it. */
type Options = ServerOptions<typeof ChatSocket> & { readonly closeTimeout: number };

/**
 * Creates the ws server that upgrades sockets. ws itself closes with 1007 for bad UTF-8 and 1009 for a frame that is
 * too big (P12, P32). Compression is off: it takes more memory than it saves in small chat frames. ping-answers.ts
 * answers pings.
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
