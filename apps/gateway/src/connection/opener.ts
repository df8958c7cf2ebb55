import type { Duplex } from "node:stream";
import { encodeServerFrame, SUBPROTOCOL } from "@parley/models";
import type { RawData, WebSocket } from "ws";
import type { Observe } from "../events.ts";
import type { Inbound } from "../inbound/frame-handler.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";
import type { ConnectionCounts } from "../upgrade/connection-limiter.ts";
import { type ChatSocket, connectionOf } from "../upgrade/socket-server.ts";
import type { Entrance } from "../upgrade/upgrade-handler.ts";
import type { Departures } from "./closer.ts";
import { Connection } from "./connection.ts";
import type { Sweep } from "./heartbeat.ts";
import type { Audiences } from "./registry.ts";

export interface OpeningParts {
  readonly audiences: Audiences;
  readonly outbox: Outbox<Connection>;
  readonly inbound: Inbound;
  readonly departures: Departures;
  readonly counts: ConnectionCounts;
  readonly sweep: Sweep;
  readonly observe: Observe;
  readonly maxPendingBytes: number;
  /** Ms of a steady clock. */
  readonly now: () => number;
}

export type OpenConnection = (entrance: Entrance, ws: ChatSocket, socket: Duplex) => void;

/** Makes a connection of an upgraded socket. The listeners are made once, and are the same for every socket. */
export function createOpening(parts: OpeningParts): OpenConnection {
  const { audiences, outbox, inbound, departures, counts, sweep, observe, now } = parts;

  /** Whole messages are Buffers, since `binaryType` is ws's own default. */
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = connectionOf(this);
    if (connection) inbound.frame(connection, data as Buffer, isBinary);
  }

  function onPong(this: WebSocket): void {
    const connection = connectionOf(this);
    if (connection) connection.isAlive = true;
  }

  /** A frame against the protocol, or a broken socket. ws ends the connection, and `close` follows (P32). */
  function onError(this: WebSocket, error: Error): void {
    const connection = connectionOf(this);
    if (connection) connection.cause ??= "code" in error ? String(error.code) : error.name;
  }

  function onClose(this: WebSocket, code: number): void {
    const connection = connectionOf(this);
    if (!connection) return;
    departures.ended(connection);
    counts.remove(connection.user, connection.address);
    const { id, user, cause, openedAt } = connection;
    observe({ type: "disconnected", connection: id, user, code, cause, ms: now() - openedAt });
  }

  /** P5: `ready` comes first, then what was heard on the way in and lies after the cursor, then what comes. */
  function open(connection: Connection, { joining, cursor }: Entrance): void {
    outbox.open(connection);
    if (connection.speaksChat) {
      const ready = encodeServerFrame({ type: "ready", user: connection.user, cursor });
      outbox.toOne(connection, textFrame(ready));
    }
    for (const frame of joining.framesAfter(cursor)) outbox.toOne(connection, frame);
    audiences.open(joining, connection);
  }

  return (entrance, ws, socket) => {
    const connection = new Connection(ws, socket, {
      id: entrance.id,
      user: entrance.identity.user,
      address: entrance.address,
      speaksChat: entrance.subprotocol === SUBPROTOCOL,
      expiresAt: entrance.identity.expiresAt,
      cursor: entrance.cursor,
      maxPendingBytes: parts.maxPendingBytes,
      openedAt: now(),
      slot: sweep.slot(),
    });
    ws.connection = connection;
    ws.on("message", onMessage);
    ws.on("pong", onPong);
    ws.on("error", onError);
    ws.on("close", onClose);
    open(connection, entrance);
    observe({ type: "connected", connection: connection.id, user: connection.user });
  };
}
