import type { Duplex } from "node:stream";
import { encodeServerFrame, SUBPROTOCOL } from "@parley/models";
import { noteWebSocket } from "@parley/service";
import type { RawData, WebSocket } from "ws";
import type { Observe } from "../events.ts";
import type { FrameHandler } from "../inbound/frame-handler.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { ConnectionLimiter } from "../upgrade/connection-limiter.ts";
import { type ChatSocket, connectionOf } from "../upgrade/socket-server.ts";
import type { AcceptedUpgrade } from "../upgrade/upgrade-handler.ts";
import type { ConnectionCloser } from "./closer.ts";
import { Connection } from "./connection.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface ConnectionOpenerDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly frameHandler: FrameHandler;
  readonly closer: ConnectionCloser;
  readonly connectionLimiter: ConnectionLimiter;
  readonly heartbeat: Heartbeat;
  readonly observe: Observe;
  readonly maxPendingBytes: number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

export type OpenConnection = (upgrade: AcceptedUpgrade, ws: ChatSocket, socket: Duplex) => void;

/** Returns a function that turns an upgraded socket into a connection. All sockets share one set of listeners. */
export function createConnectionOpener(deps: ConnectionOpenerDeps): OpenConnection {
  const { registry, writeScheduler, frameHandler, closer, connectionLimiter, heartbeat, observe, now } = deps;

  /** `data` is a Buffer, since `binaryType` keeps ws's default. */
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = connectionOf(this);
    if (connection) frameHandler.handle(connection, data as Buffer, isBinary);
  }

  function onPong(this: WebSocket): void {
    connectionOf(this)?.noteActivity();
  }

  /** A frame violated the WebSocket protocol, or the socket failed. ws ends the connection and emits `close` (P32). */
  function onError(this: WebSocket, error: Error): void {
    connectionOf(this)?.noteCause("code" in error ? String(error.code) : error.name);
  }

  function onClose(this: WebSocket, code: number): void {
    const connection = connectionOf(this);
    if (!connection) return;
    closer.handleSocketEnd(connection);
    connectionLimiter.release(connection.user, connection.address);
    const { id, user, cause, openedAt } = connection;
    observe({ type: "disconnected", connection: id, user, code, cause, ms: now() - openedAt });
  }

  /** Sends `ready` first, then the frames buffered during the handshake, then live ones (P5). */
  function start(connection: Connection, { pending, cursor }: AcceptedUpgrade): void {
    writeScheduler.add(connection);
    if (connection.speaksChat) {
      const ready = encodeServerFrame({ type: "ready", user: connection.user, cursor });
      writeScheduler.sendTo(connection, textFrame(ready));
    }
    for (const frame of pending.framesAfter(cursor)) writeScheduler.sendTo(connection, frame);
    registry.promote(pending, connection);
  }

  return (upgrade, ws, socket) => {
    const connection = new Connection(ws, socket, {
      id: upgrade.id,
      user: upgrade.identity.user,
      address: upgrade.address,
      speaksChat: upgrade.subprotocol === SUBPROTOCOL,
      expiresAt: upgrade.identity.expiresAt,
      cursor: upgrade.cursor,
      maxPendingBytes: deps.maxPendingBytes,
      openedAt: now(),
      heartbeatSlot: heartbeat.nextSlot(),
    });
    ws.connection = connection;
    noteWebSocket(socket);
    ws.on("message", onMessage);
    ws.on("pong", onPong);
    ws.on("error", onError);
    ws.on("close", onClose);
    start(connection, upgrade);
    observe({ type: "connected", connection: connection.id, user: connection.user });
  };
}
