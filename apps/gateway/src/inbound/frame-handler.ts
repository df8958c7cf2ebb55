import {
  ChatError,
  CLOSE,
  type ClientFrame,
  decodeClientFrame,
  type ErrorCode,
  encodeServerFrame,
  errorFrame,
} from "@parley/models";
import type { Departures } from "../connection/closer.ts";
import type { Connection } from "../connection/connection.ts";
import type { Renewals } from "../connection/token-renewal.ts";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";
import type { Sends } from "./message-appender.ts";
import type { RateLimits } from "./rate-limiter.ts";

export interface InboundParts {
  readonly rates: RateLimits;
  readonly sends: Sends;
  readonly outbox: Outbox<Connection>;
  readonly renewals: Renewals;
  readonly departures: Departures;
  readonly observe: Observe;
  readonly maxContentBytes: number;
  /** Ms of a steady clock. */
  readonly now: () => number;
}

/** P32. */
const MAX_INVALID_IN_A_ROW = 10;

const PONG = textFrame(encodeServerFrame({ type: "pong" }));

/** What a client's frame leads to. ws has checked its size and its UTF-8 (P32). */
export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  frame(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (!connection.isOpen) return;
    connection.isAlive = true;
    if (isBinary) {
      this.#parts.departures.leave(connection, CLOSE.unsupportedData, "binary frames are not taken");
      return;
    }
    const decoded = decodeClientFrame(data.toString(), this.#parts);
    if (!this.#isWithinRate(connection, refOf(decoded))) return;
    if (decoded.ok) {
      connection.invalid = 0;
      this.#act(connection, decoded.frame);
    } else {
      this.#refuse(connection, decoded.code, decoded.ref);
      this.#countInvalid(connection);
    }
  }

  #act(connection: Connection, frame: ClientFrame): void {
    const { sends, outbox, renewals } = this.#parts;
    switch (frame.type) {
      case "message": {
        const { to, content, ref } = frame;
        const from = connection.user;
        sends.send(connection, ref === undefined ? { from, to, content } : { from, to, content, ref });
        break;
      }
      case "ping":
        outbox.toOne(connection, PONG);
        break;
      case "auth":
        renewals.renew(connection, frame.token);
    }
  }

  /** Every frame counts, of whatever type and over all connections of the user (P32). */
  #isWithinRate(connection: Connection, ref: string | undefined): boolean {
    const verdict = this.#parts.rates.take(connection.user, this.#parts.now());
    switch (verdict.kind) {
      case "pass":
        return true;
      case "limited":
        this.#refuse(connection, new ChatError("rate_limited", verdict), ref);
        return false;
      case "abusive":
        this.#parts.departures.leave(connection, CLOSE.policyViolation, "far over the rate");
        return false;
    }
  }

  #countInvalid(connection: Connection): void {
    connection.invalid += 1;
    if (connection.invalid < MAX_INVALID_IN_A_ROW) return;
    this.#parts.departures.leave(connection, CLOSE.policyViolation, "too many invalid frames");
  }

  #refuse(connection: Connection, error: ErrorCode | ChatError, ref: string | undefined): void {
    const code = typeof error === "string" ? error : error.code;
    this.#parts.observe({ type: "frame-refused", connection: connection.id, code });
    this.#parts.sends.answer(connection, errorFrame(error, ref));
  }
}

function refOf(decoded: ReturnType<typeof decodeClientFrame>): string | undefined {
  if (!decoded.ok) return decoded.ref;
  return decoded.frame.type === "message" ? decoded.frame.ref : undefined;
}
