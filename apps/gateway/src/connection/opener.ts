import type { Duplex } from "node:stream";
import { encodeServerFrame } from "@parley/models";
import { noteWebSocket } from "@parley/service";
import type { RawData, WebSocket } from "ws";
import type { Observe } from "../events.ts";
import type { FrameHandler } from "../inbound/frame-handler.ts";
import type { ReadThrottle } from "../inbound/read-throttle.ts";
import { MARKS_FRAME } from "../marks/mark-listener.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { ConnectionLimiter } from "../upgrade/connection-limiter.ts";
import { type ChatSocket, connectionOf } from "../upgrade/socket-server.ts";
import type { AcceptedUpgrade } from "../upgrade/upgrade-handler.ts";
import type { ConnectionCloser } from "./closer.ts";
import { Connection, PAUSE } from "./connection.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { PingAnswers } from "./ping-answers.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface ConnectionOpenerDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly frameHandler: FrameHandler;
  readonly readThrottle: ReadThrottle;
  readonly pingAnswers: PingAnswers;
  readonly closer: ConnectionCloser;
  readonly connectionLimiter: ConnectionLimiter;
  readonly heartbeat: Heartbeat;
  readonly observe: Observe;
  readonly maxPendingBytes: number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** A connection's socket, with a reference to the connection. So all sockets can share the same listeners. */
interface ChatStream extends Duplex {
  connection?: Connection;
}

export type OpenConnection = (upgrade: AcceptedUpgrade, ws: ChatSocket, socket: Duplex) => void;

/** Returns a function that turns an upgraded socket into a connection. All sockets share one set of listeners. */
export function createConnectionOpener(deps: ConnectionOpenerDeps): OpenConnection {
  const { registry, writeScheduler, frameHandler, closer, connectionLimiter, heartbeat, observe, now } = deps;
  const { readThrottle, pingAnswers } = deps;

  /** Runs before ws's own listener. Any bytes show that the client is alive (P14). */
  function onData(this: ChatStream, chunk: Buffer): void {
    const { connection } = this;
    if (!connection) return;
    connection.noteActivity(now());
    readThrottle.charge(connection, chunk);
  }

  /**
   * Runs before ws's own listener, which would parse the bytes that a paused stream still holds. They exceed the
   * user's limit on reading, and their client is gone, so they are discarded.
   */
  function onStreamClose(this: ChatStream): void {
    if (this.connection?.isPausedFor(PAUSE.share)) discardBuffered(this);
  }

  /** `data` is a Buffer, because `binaryType` has ws's default value. */
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = connectionOf(this);
    if (connection) frameHandler.handle(connection, data as Buffer, isBinary);
  }

  function onPing(this: WebSocket, payload: Buffer): void {
    const connection = connectionOf(this);
    if (connection) pingAnswers.answer(connection, payload);
  }

  /** A frame violated the WebSocket protocol, or the socket failed. ws ends the connection and emits `close` (P32). */
  function onError(this: WebSocket, error: Error): void {
    connectionOf(this)?.noteCause("code" in error ? String(error.code) : error.name);
  }

  function onClose(this: WebSocket, code: number): void {
    const connection = connectionOf(this);
    if (!connection) return;
    closer.handleSocketEnd(connection);
    readThrottle.end(connection);
    connectionLimiter.release(connection.user, connection.address);
    const { id, user, cause, openedAt } = connection;
    observe({ type: "disconnected", connection: id, user, code, cause, ms: now() - openedAt });
  }

  /**
   * Sends `ready` first, then the frames buffered during the handshake, then live frames (P5). Writes `ready` at once,
   * because no other frame can wait for a new connection: so it joins the answer to the handshake.
   */
  function start(connection: Connection, { pending, cursor }: AcceptedUpgrade): void {
    writeScheduler.add(connection);
    if (connection.speaksChat) {
      const ready = encodeServerFrame({ type: "ready", user: connection.user, cursor, marks: true });
      connection.write([textFrame(ready)]);
    }
    for (const frame of pending.framesAfter(cursor)) writeScheduler.sendTo(connection, frame);
    registry.promote(pending, connection);
    if (!connection.speaksChat) return;
    // Marks raised before the subscription was active may have been missed.
    pending.afterMarksJoined(() => writeScheduler.sendTo(connection, MARKS_FRAME));
  }

  function listen(connection: Connection, ws: ChatSocket, stream: ChatStream): void {
    ws.connection = connection;
    ws.on("message", onMessage);
    ws.on("ping", onPing);
    ws.on("error", onError);
    ws.on("close", onClose);
    stream.connection = connection;
    bufferOneChunk(stream);
    stream.prependListener("data", onData);
    stream.prependListener("close", onStreamClose);
  }

  return (upgrade, ws, socket) => {
    const connection = new Connection(ws, socket, {
      id: upgrade.id,
      user: upgrade.identity.user,
      address: upgrade.address,
      speaksChat: upgrade.pending.speaksChat,
      expiresAt: upgrade.identity.expiresAt,
      issuedAt: upgrade.identity.issuedAt,
      cursor: upgrade.cursor,
      maxPendingBytes: deps.maxPendingBytes,
      openedAt: now(),
      heartbeatSlot: heartbeat.nextSlot(),
    });
    noteWebSocket(socket);
    listen(connection, ws, socket);
    start(connection, upgrade);
    readThrottle.start(connection);
    const { id, user, openedAt } = connection;
    observe({ type: "connected", connection: id, user, ms: openedAt - upgrade.requestedAt });
  };
}

/**
 * Makes a paused stream stop reading from the network after one more chunk. By default Node reads until 64 KiB wait,
 * and each byte may arrive as a chunk of its own. A stream that isn't paused isn't affected. Node has no public way
 * to change the high-water mark of an existing stream.
 */
function bufferOneChunk(stream: Duplex): void {
  const { _readableState: state } = stream as Duplex & { _readableState?: { highWaterMark: number } };
  if (state) state.highWaterMark = 1;
}

function discardBuffered(stream: Duplex): void {
  let discarded: unknown;
  do discarded = stream.read();
  while (discarded !== null);
}
