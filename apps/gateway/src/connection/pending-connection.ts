import type { LiveFeed, MarkFeed } from "@parley/bus";
import { ChatError } from "@parley/models";

export interface PendingConnectionOptions {
  readonly user: string;
  readonly speaksChat: boolean;
  /** Maximum size of all frames that wait here. */
  readonly maxBytes: number;
}

/**
 * A connection during its handshake. The gateway already subscribes to the user's messages and buffers them here,
 * because a message after the cursor may arrive before the cursor is known (L17).
 */
export class PendingConnection {
  readonly user: string;
  /** True if the client selected `chat.v1`. */
  readonly speaksChat: boolean;
  readonly #maxBytes: number;
  #buffered: { readonly id: string; readonly frame: Buffer }[] = [];
  #bytes = 0;
  #hasGap = false;
  /** Resolves once the user's read marks are heard. Undefined from then on. */
  #joiningMarks: Promise<void> | undefined;

  constructor({ user, speaksChat, maxBytes }: PendingConnectionOptions) {
    this.user = user;
    this.speaksChat = speaksChat;
    this.#maxBytes = maxBytes;
  }

  /** Buffers the frame of a message or a change. Must be called in log order. */
  buffer(id: string, frame: Buffer): void {
    this.#bytes += frame.length;
    if (!this.isOverflowing) this.#buffered.push({ id, frame });
  }

  /** Drops the buffered frames, because messages between them may be missing. `subscribe` then joins again. */
  noteGap(): void {
    this.#hasGap = true;
    this.#buffered = [];
    this.#bytes = 0;
  }

  get isOverflowing(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Returns the buffered frames with ids after `cursor`, in log order. */
  framesAfter(cursor: string): Buffer[] {
    return this.#buffered.filter(({ id }) => id > cursor).map(({ frame }) => frame);
  }

  /** Subscribes to the user's read marks. The handshake doesn't wait for that (P70). */
  joinMarks(feed: Pick<MarkFeed, "join">): void {
    this.#joiningMarks = feed.join(this.user).then(() => {
      this.#joiningMarks = undefined;
    });
  }

  /** Calls `onJoined` once the user's read marks are heard. Does nothing if they are heard already. */
  afterMarksJoined(onJoined: () => void): void {
    void this.#joiningMarks?.then(onJoined);
  }

  /**
   * Subscribes to the user's messages and returns the cursor: every message after it is buffered or arrives live.
   *
   * A gap before `join` has answered invalidates the cursor, whether the cursor was read before or after the gap. In
   * that case this method joins again. Rejects if `join` rejects or `signal` is aborted, and with `overloaded` if
   * more bytes arrived than may be buffered.
   */
  async subscribe(live: LiveFeed, signal: AbortSignal): Promise<string> {
    for (;;) {
      this.#hasGap = false;
      const cursor = await live.join(this.user);
      signal.throwIfAborted();
      if (this.isOverflowing) throw new ChatError("overloaded");
      if (!this.#hasGap) return cursor;
    }
  }
}
