import { MAX_FRAME_BYTES } from "@parley/models";
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { Connection } from "../connection/connection.ts";

/** A WebSocket that knows its connection, so that one listener a kind of event serves all sockets. */
export class ChatSocket extends WebSocket {
  connection: Connection | undefined;
}

/** The connection of a listener's `this`, while there is one. */
export function connectionOf(ws: WebSocket): Connection | undefined {
  return ws instanceof ChatSocket ? ws.connection : undefined;
}

/** How long a peer may take to answer a close frame. A socket that does not read gets no longer either. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * A frame may come in so many parts, and a part in so many pieces: more than any network makes of 64 KiB. Each is an
 * object that is held until the last has come.
 */
const MAX_PARTS = 1_024;

export type ChatSocketServer = Server<typeof ChatSocket>;

/** ws has it, its types do not. */
type Options = ServerOptions<typeof ChatSocket> & { readonly closeTimeout: number };

/** P12, P32: ws itself closes with 1007 and 1009. No compression: it costs more memory than a chat's frames save. */
export function createSocketServer(): ChatSocketServer {
  const options: Options = {
    noServer: true,
    clientTracking: false,
    WebSocket: ChatSocket,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_PARTS,
    maxBufferedChunks: MAX_PARTS,
    perMessageDeflate: false,
    skipUTF8Validation: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  return new WebSocketServer(options);
}
