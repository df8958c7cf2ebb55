import type { WebSocket } from "ws";

/** Reads a WebSocket no faster than a slow link would carry it. */
export class ThrottledReader {
  readonly #socket: WebSocket;
  readonly #bytesPerMs: number;
  #freeAt = 0;

  constructor(socket: WebSocket, bytesPerSecond: number) {
    this.#socket = socket;
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }

  /** Accounts for a frame that has arrived, and stops reading until the link would be free again. */
  read(bytes: number): void {
    const now = performance.now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.#bytesPerMs;
    if (this.#freeAt - now < 1 || this.#socket.isPaused) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), this.#freeAt - now);
  }
}
