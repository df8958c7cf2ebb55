import type { LiveMessage } from "../../live-feed.ts";
import { wasPromoted } from "../connection/server-role.ts";
import type { LogHead } from "../log/log-reader.ts";

/**
 * What the listener is told, and when: the part of the live role that knows nothing of connections (L14–L18).
 *
 * Three phases. `away`: nothing is heard. `mending`: a new connection is heard, but what it says waits in a buffer
 * while the hole since the last one is filled from the log. `whole`: what is heard is passed on as it comes.
 *
 * How far the stream is known to be whole is `heardUpTo`, and it is *not* the last id heard. A private message is
 * published twice, for its sender and its recipient, and a connection can end between the two. So a message counts
 * as heard for everybody once something after it was heard, another message or a marker; until then a repair
 * begins before it, and those who had it drop it (P21).
 */
export interface LiveOutput {
  message(audience: string, message: LiveMessage): void;
  gap(cursor: string, reason: "trimmed" | "replaced"): void;
}

export interface Heard {
  readonly audience: string;
  readonly message: LiveMessage;
}

/** A log's head as a new connection found it; `promotion` names the failover that made this server the master. */
export type Found = LogHead & { readonly promotion: string };

export interface BufferLimits {
  readonly maxMessages: number;
  /** Of bodies, in UTF-16 units. */
  readonly maxLength: number;
}

type Phase =
  | { readonly kind: "away" }
  | { readonly kind: "mending"; readonly buffer: Buffer }
  /** Up to `floor` everything came from the log; what is heard of it once more is dropped. */
  | { readonly kind: "whole"; readonly floor: string };

interface Buffer {
  heard: Heard[];
  length: number;
  overflown: boolean;
}

/** What the stream knows of the log, once it has been whole or near it. */
interface Known {
  epoch: string;
  promotion: string;
  heardUpTo: string;
  /** The last id heard, at or after `heardUpTo`. */
  last: string;
}

export class LiveStream {
  readonly #output: LiveOutput;
  readonly #limits: BufferLimits;
  #phase: Phase = { kind: "away" };
  #known: Known | undefined;
  #vouched = 0;

  constructor(output: LiveOutput, limits: BufferLimits) {
    this.#output = output;
    this.#limits = limits;
  }

  get isWhole(): boolean {
    return this.#phase.kind === "whole";
  }

  /** Changes whenever a cursor that was read before cannot be vouched for any more. */
  get vouched(): number {
    return this.#vouched;
  }

  /** Everything up to here was delivered or is somebody else's to read. Only after `begin`. */
  get heardUpTo(): string {
    return this.#assertKnown().heardUpTo;
  }

  /** A new connection: what `hear` is told from now on comes from it. */
  connected(): void {
    this.#phase = { kind: "mending", buffer: emptyBuffer() };
  }

  lost(): void {
    this.#phase = { kind: "away" };
    this.#vouched += 1;
  }

  hear(audience: string, message: LiveMessage): void {
    switch (this.#phase.kind) {
      case "away":
        return;
      case "mending":
        this.#keep(this.#phase.buffer, { audience, message });
        return;
      case "whole":
        if (message.id > this.#phase.floor) this.#pass(audience, message);
    }
  }

  /**
   * A marker: the log's end, published after everything up to it. It must have been asked for after this connection
   * became whole, else it tells of an older end than the repair did.
   */
  marker({ epoch, end }: Pick<LogHead, "epoch" | "end">): void {
    if (this.#phase.kind !== "whole") return;
    const known = this.#assertKnown();
    if (epoch !== known.epoch || end < known.last) {
      this.#gap({ ...known, epoch, end }, "replaced");
      this.#phase = { kind: "whole", floor: end };
    } else {
      known.heardUpTo = end;
      known.last = end;
    }
  }

  /**
   * The log's head, read after all channels were active: what happened since the last connection. After `hole` the
   * log's messages from `heardUpTo` to this end are to be given to `fill`; after the others there are none.
   */
  begin(found: Found): "fresh" | "gap" | "hole" {
    const known = this.#known;
    if (!known) {
      const { epoch, promotion, end } = found;
      this.#known = { epoch, promotion, heardUpTo: end, last: end };
      return "fresh";
    }
    const replaced = found.epoch !== known.epoch || wasPromoted(known.promotion, found.promotion);
    if (replaced || known.last > found.end) this.#gap(found, "replaced");
    else if (known.heardUpTo < found.trimmed) this.#gap(found, "trimmed");
    else return "hole";
    return "gap";
  }

  /** Messages from the log, in its order: all there are between `heardUpTo` and `upTo`. */
  fill(messages: readonly Heard[], upTo: string): void {
    const known = this.#assertKnown();
    for (const { audience, message } of messages) this.#output.message(audience, message);
    known.heardUpTo = upTo;
    known.last = upTo > known.last ? upTo : known.last;
  }

  /**
   * The log was read up to `end`. What was heard meanwhile follows, and the stream is whole. False: more was heard
   * than the buffer takes. It has been let go, being in the log as well: read the head again, and on.
   */
  finish(end: string): boolean {
    if (this.#phase.kind !== "mending") return false;
    const { buffer } = this.#phase;
    if (buffer.overflown) {
      this.#phase = { kind: "mending", buffer: emptyBuffer() };
      return false;
    }
    this.#phase = { kind: "whole", floor: end };
    for (const { audience, message } of buffer.heard) this.hear(audience, message);
    return true;
  }

  #pass(audience: string, message: LiveMessage): void {
    const known = this.#assertKnown();
    // The log went back under a live connection: nothing may be told out of order. The next marker makes it a gap.
    if (message.id < known.last) return;
    if (message.id > known.last) {
      known.heardUpTo = known.last;
      known.last = message.id;
    }
    this.#output.message(audience, message);
  }

  #keep(buffer: Buffer, heard: Heard): void {
    if (buffer.overflown) return;
    buffer.heard.push(heard);
    buffer.length += heard.message.body.length;
    if (buffer.heard.length <= this.#limits.maxMessages && buffer.length <= this.#limits.maxLength) return;
    buffer.overflown = true;
    buffer.heard = [];
  }

  #gap(found: Omit<Found, "trimmed">, reason: "trimmed" | "replaced"): void {
    const { epoch, promotion, end } = found;
    this.#known = { epoch, promotion, heardUpTo: end, last: end };
    this.#vouched += 1;
    this.#output.gap(end, reason);
  }

  #assertKnown(): Known {
    if (!this.#known) throw new Error("the live stream has no log yet");
    return this.#known;
  }
}

function emptyBuffer(): Buffer {
  return { heard: [], length: 0, overflown: false };
}
