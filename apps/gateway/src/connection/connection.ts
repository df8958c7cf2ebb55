import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { FrameCounter } from "../inbound/frame-counter.ts";
import type { Subscriber } from "../outbound/write-scheduler.ts";
import { bytesOf, waitingBytes } from "./waiting-bytes.ts";

/** A connection's state goes from open to leaving to closed, or from open directly to closed. It never goes back. */
export type ConnectionState =
  /** Frames are read and answered. */
  | { readonly kind: "open" }
  /**
   * The gateway has decided to close the connection with `code` and `reason`. New frames are ignored. The close frame
   * follows when every accepted frame has its answer, or at `until` (steady clock, ms) if answers are still missing.
   */
  | { readonly kind: "leaving"; readonly code: number; readonly reason: string; readonly until: number }
  /** The close frame was sent, or the socket is gone. Nothing more is written. */
  | { readonly kind: "closed" };

/** Reasons to pause reading from a connection, as bits. Reading resumes when no reason is left. */
export const PAUSE = {
  /** Too many frames have no answer yet: see message-appender.ts. */
  unanswered: 1,
  /** The user has exceeded the limit on reading: see read-throttle.ts. */
  share: 2,
} as const;

type PauseReason = (typeof PAUSE)[keyof typeof PAUSE];

/** Up to this size the pieces of a write are copied into one buffer, which costs less than one write per piece. */
const MAX_COPIED_BYTES = 16 * 1024;

const OPEN: ConnectionState = { kind: "open" };
const CLOSED: ConnectionState = { kind: "closed" };

export interface ConnectionOptions {
  /** Id of the upgrade request. Logs and refusals use the same id. */
  readonly id: string;
  readonly user: string;
  /** The client's IPv4 address or IPv6 block: the key for the limit of connections per address. */
  readonly address: string;
  /** True if the client selected `chat.v1` and so gets `ready`, `reconnect` and `sync` (P22). */
  readonly speaksChat: boolean;
  /** Times at which the token expires (P6) and was issued (P65), in ms since 1970. */
  readonly expiresAt: number;
  readonly issuedAt: number;
  /** Messages with an id at or below the cursor aren't sent (L17). */
  readonly cursor: string;
  readonly maxPendingBytes: number;
  /** Steady clock, ms. */
  readonly openedAt: number;
  /** Slot of the heartbeat in which the connection is pinged. */
  readonly heartbeatSlot: number;
}

/**
 * One client's WebSocket and its state, which changes only through the methods below.
 *
 * Tens of thousands of connections are idle at any time. So a connection has no timer, listener or closure of its
 * own: the heartbeat and listeners that all sockets share do the work.
 */
export class Connection implements Subscriber {
  readonly id: string;
  readonly user: string;
  readonly address: string;
  readonly speaksChat: boolean;
  readonly openedAt: number;
  readonly heartbeatSlot: number;
  readonly frameCounter = new FrameCounter();
  #expiresAt: number;
  #issuedAt: number;
  #cursor: string;
  #writtenUpTo = 0;
  #state: ConnectionState = OPEN;
  #unanswered = 0;
  #invalidFrames = 0;
  #pauses = 0;
  #isAlive = true;
  #activeAt: number;
  #isRenewing = false;
  #cause: string | undefined;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #maxPendingBytes: number;

  constructor(ws: WebSocket, socket: Duplex, options: ConnectionOptions) {
    this.id = options.id;
    this.user = options.user;
    this.address = options.address;
    this.speaksChat = options.speaksChat;
    this.openedAt = options.openedAt;
    this.#activeAt = options.openedAt;
    this.heartbeatSlot = options.heartbeatSlot;
    this.#expiresAt = options.expiresAt;
    this.#issuedAt = options.issuedAt;
    this.#cursor = options.cursor;
    this.#ws = ws;
    this.#socket = socket;
    this.#maxPendingBytes = options.maxPendingBytes;
  }

  // Closing

  get state(): ConnectionState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Reason for the connection's end, if the gateway or an error ended it. Only the first cause is kept. */
  get cause(): string | undefined {
    return this.#cause;
  }

  noteCause(cause: string): void {
    this.#cause ??= cause;
  }

  /** Ignores frames from now on. Keeps `code` and `reason` for the close frame, which `closeSocket` sends. */
  beginClose(code: number, reason: string, until: number): void {
    this.#state = { kind: "leaving", code, reason, until };
    this.#ws.pause();
  }

  markClosed(cause: string | undefined): void {
    this.#cause ??= cause;
    this.#state = CLOSED;
  }

  /**
   * Sends the close frame and resumes reading: a paused socket would never see the client's close frame. If the user
   * has exceeded the limit on reading, the socket stays paused. ws destroys it if no close frame is read in time.
   */
  closeSocket(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.resumeReading(PAUSE.unanswered);
  }

  /** Destroys the socket without a close frame. */
  terminate(): void {
    this.#ws.terminate();
  }

  // Token (P6)

  /** Time at which the current token expires, in ms since 1970. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get issuedAt(): number {
    return this.#issuedAt;
  }

  /** True while a new token is being verified. */
  get isRenewing(): boolean {
    return this.#isRenewing;
  }

  beginRenewal(): void {
    this.#isRenewing = true;
  }

  endRenewal(): void {
    this.#isRenewing = false;
  }

  /** From now on the connection is open by another token. */
  replaceToken({ expiresAt, issuedAt }: { readonly expiresAt: number; readonly issuedAt: number }): void {
    this.#expiresAt = expiresAt;
    this.#issuedAt = issuedAt;
  }

  // Heartbeat (P14)

  /** False if nothing has arrived since the last ping. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Time at which bytes arrived last (steady clock, ms). */
  get activeAt(): number {
    return this.#activeAt;
  }

  /** Must be called when bytes arrive. */
  noteActivity(now: number): void {
    this.#isAlive = true;
    this.#activeAt = now;
  }

  ping(): void {
    this.#isAlive = false;
    this.#ws.ping();
  }

  // Reading

  /** Accepted frames that have no answer yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  addUnanswered(): void {
    this.#unanswered += 1;
  }

  removeUnanswered(): void {
    this.#unanswered -= 1;
  }

  /** Counts an invalid frame. Returns the number of invalid frames in a row, including this one (P32). */
  countInvalidFrame(): number {
    this.#invalidFrames += 1;
    return this.#invalidFrames;
  }

  resetInvalidFrames(): void {
    this.#invalidFrames = 0;
  }

  get isReadingPaused(): boolean {
    return this.#ws.isPaused;
  }

  isPausedFor(reason: PauseReason): boolean {
    return (this.#pauses & reason) !== 0;
  }

  pauseReading(reason: PauseReason): void {
    this.#pauses |= reason;
    this.#ws.pause();
  }

  /** Ends one reason to pause. Resumes reading unless another reason is left or the connection is leaving. */
  resumeReading(reason: PauseReason): void {
    this.#pauses &= ~reason;
    if (this.#pauses === 0 && this.#state.kind !== "leaving") this.#ws.resume();
  }

  // Writing

  get cursor(): string {
    return this.#cursor;
  }

  /** Sets the cursor after a gap in the live stream, perhaps to an earlier id (L18). Nothing else changes it. */
  resetCursor(cursor: string): void {
    this.#cursor = cursor;
  }

  get writtenUpTo(): number {
    return this.#writtenUpTo;
  }

  markWritten(upTo: number): void {
    this.#writtenUpTo = upTo;
  }

  /** Bytes that wait in the socket, not yet passed to the operating system. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /**
   * Writes whole frames straight to the socket, in one write. ws writes its own frames (ping, pong, close) whole and
   * at once too, so frames never interleave.
   *
   * Returns false, and writes nothing, if the client reads too slowly (G5): bytes already wait in the socket, and
   * these would raise their memory above `maxPendingBytes`. If no bytes wait, a write may have any size.
   */
  write(pieces: readonly Buffer[]): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true;
    if (this.#isTooSlowFor(pieces)) return false;
    const [only] = pieces;
    if (pieces.length === 1 && only) {
      this.#socket.write(only);
      return true;
    }
    if (bytesOf(pieces) <= MAX_COPIED_BYTES) {
      this.#socket.write(Buffer.concat(pieces));
      return true;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
    return true;
  }

  #isTooSlowFor(pieces: readonly Buffer[]): boolean {
    const pending = waitingBytes(this.#socket);
    return pending > 0 && pending + bytesOf(pieces) > this.#maxPendingBytes;
  }
}
