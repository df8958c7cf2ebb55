import type { LiveMessage } from "../../live-feed.ts";
import { wasPromoted } from "../connection/server-role.ts";
import type { LogHead } from "../log/log-reader.ts";

/** Receives the output of the live stream, in log order. */
export interface LiveOutput {
  message(audience: string, message: LiveMessage): void;
  gap(cursor: string, reason: "trimmed" | "replaced"): void;
}

/** A message for one audience: "" for everybody, otherwise a user. */
export interface Delivery {
  readonly audience: string;
  readonly message: LiveMessage;
}

/** A delivery that was published. `epoch` is that of the log that the message is in, if it was published (L25). */
export type Received = Delivery & { readonly epoch?: string | undefined };

/** The log's head on the server of a new connection, and the server's `promotion`: see ServerInfo. */
export type ServerHead = LogHead & { readonly promotion: string };

export interface BufferLimits {
  readonly maxMessages: number;
  /** The maximum total length of all bodies, in UTF-16 units. */
  readonly maxLength: number;
}

type Phase =
  /** No connection: received messages are ignored. */
  | { readonly kind: "disconnected" }
  /** A new connection: received messages wait in the buffer while the missing ones are read from the log. */
  | { readonly kind: "repairing"; readonly buffer: Buffer }
  /** Received messages are passed on at once. Those up to `floor` were read from the log already and are dropped. */
  | { readonly kind: "live"; readonly floor: string };

interface Buffer {
  deliveries: Received[];
  length: number;
  overflowed: boolean;
}

/** The live stream's knowledge of the log, after the first repair. */
interface KnownLog {
  epoch: string;
  promotion: string;
  completeUpTo: string;
  /** The last id received. Never before `completeUpTo`. */
  lastReceived: string;
}

/**
 * Decides which messages the listener gets, and in which order (L14 to L18). Knows nothing of connections.
 *
 *     disconnected ── connected() ──▶ repairing ── finishRepair() ──▶ live
 *          ▲                              │                             │
 *          └─────── disconnected() ───────┴─────────────────────────────┘
 *
 * A repair reads the log after `completeUpTo`, because up to this id no message is missing. `completeUpTo` is *not* the
 * last id received. A private message is published twice, for its sender and for its recipient, and the connection may
 * end between the two. So a message is known to be complete only when something later arrives: another message or a
 * marker. Until then, a repair reads that message again, and receivers drop messages that they already have (P21).
 */
export class LiveStream {
  readonly #output: LiveOutput;
  readonly #limits: BufferLimits;
  #phase: Phase = { kind: "disconnected" };
  #log: KnownLog | undefined;
  #cursorGeneration = 0;

  constructor(output: LiveOutput, limits: BufferLimits) {
    this.#output = output;
    this.#limits = limits;
  }

  get isLive(): boolean {
    return this.#phase.kind === "live";
  }

  /** Changes whenever cursors that were read earlier become invalid, because messages after them may be missing. */
  get cursorGeneration(): number {
    return this.#cursorGeneration;
  }

  /** Up to this id no message is missing. Throws before the first `beginRepair`. */
  get completeUpTo(): string {
    return this.#knownLog().completeUpTo;
  }

  /** Call this when a new connection exists, before its messages are passed to `receive`. */
  connected(): void {
    this.#phase = { kind: "repairing", buffer: emptyBuffer() };
  }

  /** Call this when the connection is lost. */
  disconnected(): void {
    this.#phase = { kind: "disconnected" };
    this.#cursorGeneration += 1;
  }

  /** Processes a message that the connection delivered. */
  receive(received: Received): void {
    switch (this.#phase.kind) {
      case "disconnected":
        return;
      case "repairing":
        this.#buffer(this.#phase.buffer, received);
        return;
      case "live":
        if (received.message.id > this.#phase.floor) this.#passOn(received);
    }
  }

  /**
   * Processes a marker. A marker holds the log's end and is published after every message up to that end (L15). The
   * marker must have been requested after this connection's repair. The end in an older marker may be before the end
   * that the repair reached, as if the log had gone back.
   */
  receiveMarker({ epoch, end }: Pick<LogHead, "epoch" | "end">): void {
    if (this.#phase.kind !== "live") return;
    const log = this.#knownLog();
    if (epoch !== log.epoch || end < log.lastReceived) {
      this.#reportGap({ ...log, epoch, end }, "replaced");
      this.#phase = { kind: "live", floor: end };
    } else {
      log.completeUpTo = end;
      log.lastReceived = end;
    }
  }

  /**
   * Begins a repair. `head` must have been read after all subscriptions were active.
   *
   * - `first`: this is the first connection, so no message is missing.
   * - `gap`: the missing messages are gone, and `gap` of the output was called (L18).
   * - `hole`: messages may be missing. The caller must read the log's messages after `completeUpTo` and up to the
   *   head's end, and pass them to `fill`.
   */
  beginRepair(head: ServerHead): "first" | "gap" | "hole" {
    const log = this.#log;
    if (!log) {
      const { epoch, promotion, end } = head;
      this.#log = { epoch, promotion, completeUpTo: end, lastReceived: end };
      return "first";
    }
    const isReplaced = head.epoch !== log.epoch || wasPromoted(log.promotion, head.promotion);
    if (isReplaced || log.lastReceived > head.end) this.#reportGap(head, "replaced");
    else if (log.completeUpTo < head.trimmed) this.#reportGap(head, "trimmed");
    else return "hole";
    return "gap";
  }

  /**
   * Passes on messages that were read from the log: all messages after `completeUpTo` and up to `upTo`, in log order.
   */
  fill(deliveries: readonly Delivery[], upTo: string): void {
    const log = this.#knownLog();
    for (const { audience, message } of deliveries) this.#output.message(audience, message);
    log.completeUpTo = upTo;
    log.lastReceived = upTo > log.lastReceived ? upTo : log.lastReceived;
  }

  /**
   * Ends a repair that has read the log up to `end`: passes on the buffered messages after `end`, and the stream is
   * live. Returns false if the buffer overflowed, because then the buffered messages were discarded. They are also in
   * the log, so the caller reads the head and repairs again.
   */
  finishRepair(end: string): boolean {
    if (this.#phase.kind !== "repairing") return false;
    const { buffer } = this.#phase;
    if (buffer.overflowed) {
      this.#phase = { kind: "repairing", buffer: emptyBuffer() };
      return false;
    }
    this.#phase = { kind: "live", floor: end };
    for (const received of buffer.deliveries) this.receive(received);
    return true;
  }

  #passOn({ audience, message, epoch }: Received): void {
    const log = this.#knownLog();
    // The log was replaced, or this is a message of the log before. The next marker makes the stream report a gap, whose
    // cursor covers a message of the new log (L25).
    if (epoch !== undefined && epoch !== log.epoch) return;
    // The log went back while the connection was live. Drop the message, which would be out of order. The next marker
    // makes the stream report a gap.
    if (message.id < log.lastReceived) return;
    if (message.id > log.lastReceived) {
      log.completeUpTo = log.lastReceived;
      log.lastReceived = message.id;
    }
    this.#output.message(audience, message);
  }

  #buffer(buffer: Buffer, delivery: Received): void {
    if (buffer.overflowed) return;
    buffer.deliveries.push(delivery);
    buffer.length += delivery.message.body.length;
    if (buffer.deliveries.length <= this.#limits.maxMessages && buffer.length <= this.#limits.maxLength)
      return;
    buffer.overflowed = true;
    buffer.deliveries = [];
  }

  #reportGap(head: Omit<ServerHead, "trimmed">, reason: "trimmed" | "replaced"): void {
    const { epoch, promotion, end } = head;
    this.#log = { epoch, promotion, completeUpTo: end, lastReceived: end };
    this.#cursorGeneration += 1;
    this.#output.gap(end, reason);
  }

  #knownLog(): KnownLog {
    if (!this.#log) throw new Error("the live stream has not been repaired yet, so it knows no log");
    return this.#log;
  }
}

function emptyBuffer(): Buffer {
  return { deliveries: [], length: 0, overflowed: false };
}
