import {
  ChatError,
  CLOSE,
  type ClientFrame,
  type Decoded,
  decodeClientFrame,
  type ErrorCode,
  encodeServerFrame,
  errorFrame,
} from "@parley/models";
import { ERROR_COST, type FrameLimit, type RateLimiter, rateError } from "@parley/service";
import type { ConnectionCloser } from "../connection/closer.ts";
import type { Connection } from "../connection/connection.ts";
import type { TokenRenewal } from "../connection/token-renewal.ts";
import type { Observe } from "../events.ts";
import type { MarkGatherer } from "../marks/mark-gatherer.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import { draftOf } from "./draft.ts";
import { bytesOf, framesOf } from "./frame-cost.ts";
import type { MessageAppender } from "./message-appender.ts";

export interface FrameHandlerDeps {
  readonly rateLimiter: RateLimiter;
  /** Limits read marks, so that they take nothing of the rate of messages (P70). */
  readonly markLimiter: RateLimiter;
  readonly markGatherer: Pick<MarkGatherer, "add">;
  readonly messageAppender: MessageAppender;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly tokenRenewal: TokenRenewal;
  readonly closer: ConnectionCloser;
  readonly observe: Observe;
  readonly maxContentBytes: number;
}

/** Number of invalid frames in a row at which a connection is closed (P32). */
const MAX_INVALID_IN_A_ROW = 10;
const PONG = textFrame(encodeServerFrame({ type: "pong" }));

/** Handles the frames of all clients. ws has checked a frame's size and UTF-8 already (P32). */
export class FrameHandler {
  readonly #deps: FrameHandlerDeps;

  constructor(deps: FrameHandlerDeps) {
    this.#deps = deps;
  }

  handle(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (!connection.isOpen) return;
    if (isBinary) {
      this.#deps.closer.closeAfterAnswers(
        connection,
        CLOSE.unsupportedData,
        "binary frames are not supported",
      );
      return;
    }
    const decoded = decodeClientFrame(data.toString(), this.#deps);
    if (!this.#isWithinRate(connection, decoded, data.length)) return;
    if (decoded.ok) {
      connection.resetInvalidFrames();
      this.#dispatch(connection, decoded.frame);
    } else {
      const { code, message } = decoded;
      this.#refuse(connection, message === undefined ? code : new ChatError(code, { message }), decoded.ref);
      this.#countInvalid(connection);
    }
  }

  #dispatch(connection: Connection, frame: ClientFrame): void {
    const { messageAppender, writeScheduler, tokenRenewal } = this.#deps;
    switch (frame.type) {
      case "message":
        messageAppender.append(connection, draftOf(connection.user, frame));
        break;
      case "ping":
        writeScheduler.sendTo(connection, PONG);
        break;
      case "auth":
        tokenRenewal.renew(connection, frame.token);
        break;
      case "read":
        this.#mark(connection, frame);
    }
  }

  /** Gathers a read mark. There is no ack: the user hears the mark once it is raised (P70). */
  #mark(connection: Connection, frame: Extract<ClientFrame, { type: "read" }>): void {
    try {
      this.#deps.markGatherer.add({ user: connection.user, with: frame.with, id: frame.id });
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      this.#refuse(connection, error, undefined);
    }
  }

  /**
   * Counts a frame against the user's rate, which all connections of the user share (P32). Read marks have a rate of their
   * own (P70).
   */
  #isWithinRate(connection: Connection, decoded: Decoded, size: number): boolean {
    const { user, activeAt } = connection;
    const frame = decoded.ok ? decoded.frame : undefined;
    const limiter = frame?.type === "read" ? this.#deps.markLimiter : this.#deps.rateLimiter;
    const verdict = limiter.take(user, activeAt, bytesOf(frame, size, user), framesOf(frame));
    switch (verdict.kind) {
      case "pass":
        return true;
      case "limited":
        this.#refuse(connection, rateError(verdict), refOf(decoded), verdict.limit);
        return false;
      case "abusive":
        this.#deps.closer.closeAfterAnswers(connection, CLOSE.policyViolation, "far over the rate limit");
        return false;
    }
  }

  #countInvalid(connection: Connection): void {
    if (connection.countInvalidFrame() < MAX_INVALID_IN_A_ROW) return;
    this.#deps.closer.closeAfterAnswers(connection, CLOSE.policyViolation, "too many invalid frames");
  }

  #refuse(
    connection: Connection,
    error: ErrorCode | ChatError,
    ref: string | undefined,
    limit?: FrameLimit,
  ): void {
    const { rateLimiter, messageAppender, observe } = this.#deps;
    const code = typeof error === "string" ? error : error.code;
    rateLimiter.chargeReading(connection.user, ERROR_COST, connection.activeAt);
    observe({ type: "frame-refused", connection: connection.id, code, limit });
    messageAppender.reply(connection, errorFrame(error, ref));
  }
}

function refOf(decoded: Decoded): string | undefined {
  if (!decoded.ok) return decoded.ref;
  return decoded.frame.type === "message" ? decoded.frame.ref : undefined;
}
