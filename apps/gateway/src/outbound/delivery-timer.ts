import type { FlushStats } from "./write-scheduler.ts";

/** A time at which every message up to the id `upTo` had been written. */
interface Written {
  readonly upTo: string;
  readonly at: number;
}

/** An accepted message. `frameAt` is the time at which its frame came. */
interface Accepted {
  readonly id: string;
  readonly frameAt: number;
}

/** Enough for the writes between a message's publication and the log's answer to its sender. */
const KEPT_WRITES = 64;

/**
 * Measures the time from a message's frame to the write that carried the message to this gateway's clients.
 *
 * A message is published before its sender's gateway gets the log's answer, so it may be written before its id is known
 * here. Therefore the last writes are remembered. At most one public and one private message wait to be written: this
 * is a sample, and the other messages cost next to nothing. All times are of one steady clock, in ms.
 */
export class DeliveryTimer {
  readonly #public: Writes;
  readonly #private: Writes;
  #lastPrivate = "";

  constructor(onDelivered: (ms: number) => void) {
    this.#public = new Writes(onDelivered);
    this.#private = new Writes(onDelivered);
  }

  /** The log accepted a message. */
  accepted(isPublic: boolean, id: string, frameAt: number): void {
    (isPublic ? this.#public : this.#private).accepted({ id, frameAt });
  }

  /** A private message came from the log. It is written with the next direct frames. */
  receivedPrivate(id: string): void {
    this.#lastPrivate = id;
  }

  /** A pass, or a turn of direct writes, has ended at `at`. */
  flushed({ publicUpTo }: FlushStats, at: number): void {
    if (publicUpTo !== undefined) this.#public.written({ upTo: publicUpTo, at });
    else if (this.#lastPrivate !== "") this.#private.written({ upTo: this.#lastPrivate, at });
  }
}

/** The last writes of one kind, and the message that waits for the next one. */
class Writes {
  readonly #onDelivered: (ms: number) => void;
  readonly #last: Written[] = [];
  #waiting: Accepted | undefined;

  constructor(onDelivered: (ms: number) => void) {
    this.#onDelivered = onDelivered;
  }

  accepted(message: Accepted): void {
    if (this.#waiting) return;
    const written = this.#last.find(({ upTo, at }) => upTo >= message.id && at >= message.frameAt);
    if (written) this.#onDelivered(written.at - message.frameAt);
    else this.#waiting = message;
  }

  written(written: Written): void {
    this.#last.push(written);
    if (this.#last.length > KEPT_WRITES) this.#last.shift();
    const waiting = this.#waiting;
    if (!waiting || waiting.id > written.upTo) return;
    this.#waiting = undefined;
    this.#onDelivered(written.at - waiting.frameAt);
  }
}
