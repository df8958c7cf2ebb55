import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Outlet } from "../outbound/write-scheduler.ts";

export type Phase =
  | { readonly kind: "open" }
  /** Nothing more is taken from it. It is closed once all that was taken has been answered, or at `until`. */
  | { readonly kind: "leaving"; readonly code: number; readonly reason: string; readonly until: number }
  /** Its close frame has been sent, or its socket is gone. */
  | { readonly kind: "closed" };

/** Pieces that are copied into one write: less work than a write of many. Large ones stay shared. */
const JOINED_BYTES = 16 * 1024;

const OPEN: Phase = { kind: "open" };
const CLOSED: Phase = { kind: "closed" };

export interface ConnectionInit {
  readonly id: string;
  readonly user: string;
  readonly address: string;
  readonly speaksChat: boolean;
  readonly expiresAt: number;
  readonly cursor: string;
  readonly maxPendingBytes: number;
  readonly openedAt: number;
  readonly slot: number;
}

/**
 * One client's WebSocket. Tens of thousands of these are idle at any time, so it has no timer, listener or closure
 * of its own: sweeps and shared listeners do the work.
 */
export class Connection implements Outlet {
  /** The id of the handshake's request: what log lines and a refused client's error call it. */
  readonly id: string;
  readonly user: string;
  readonly address: string;
  /** Whether it is told `ready`, `reconnect` and `sync` too (P22). */
  readonly speaksChat: boolean;
  readonly openedAt: number;
  /** When its pings are due: see heartbeat.ts. */
  readonly slot: number;
  /** The token's end, in ms since 1970 (P6). */
  expiresAt: number;
  /** L17. Moves at a gap alone. */
  cursor: string;
  flushed = 0;
  phase: Phase = OPEN;
  /** Frames taken from it that have no answer yet. */
  unanswered = 0;
  /** Invalid frames in a row (P32). */
  invalid = 0;
  /** Whether anything has been heard of it since the last ping (P14). */
  isAlive = true;
  /** Whether a token that it sent is being verified. */
  isVerifying = false;
  /** Why it ended, where that was not its own doing. */
  cause: string | undefined;
  readonly ws: WebSocket;
  readonly #socket: Duplex;
  readonly #maxPendingBytes: number;

  constructor(ws: WebSocket, socket: Duplex, init: ConnectionInit) {
    this.id = init.id;
    this.user = init.user;
    this.address = init.address;
    this.speaksChat = init.speaksChat;
    this.openedAt = init.openedAt;
    this.slot = init.slot;
    this.expiresAt = init.expiresAt;
    this.cursor = init.cursor;
    this.ws = ws;
    this.#socket = socket;
    this.#maxPendingBytes = init.maxPendingBytes;
  }

  get isOpen(): boolean {
    return this.phase.kind === "open";
  }

  /** Bytes that its socket has not taken yet. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  markClosed(): void {
    this.phase = CLOSED;
  }

  /**
   * Whole frames, in one write, straight to the socket: ws writes its own frames (ping, pong, close) whole and at
   * once too, so none is ever inside another. False, and nothing written, where the socket is too far behind (G5).
   * One that is not behind may get any number of bytes at once.
   */
  write(pieces: readonly Buffer[]): boolean {
    if (this.ws.readyState !== this.ws.OPEN) return true;
    if (this.#isTooFarBehind(pieces)) return false;
    const [only] = pieces;
    if (pieces.length === 1 && only) {
      this.#socket.write(only);
      return true;
    }
    if (bytesOf(pieces) <= JOINED_BYTES) {
      this.#socket.write(Buffer.concat(pieces));
      return true;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
    return true;
  }

  #isTooFarBehind(pieces: readonly Buffer[]): boolean {
    const pending = this.#socket.writableLength;
    return pending > 0 && pending + bytesOf(pieces) > this.#maxPendingBytes;
  }
}

function bytesOf(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
