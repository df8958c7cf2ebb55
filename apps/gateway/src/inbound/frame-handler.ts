import {
  ChatError,
  CLOSE,
  type ClientFrame,
  decodeClientFrame,
  type ErrorCode,
  encodeServerFrame,
  errorFrame,
} from "@parley/models";
import type { ConnectionCloser } from "../connection/closer.ts";
import type { Connection } from "../connection/connection.ts";
import type { TokenRenewal } from "../connection/token-renewal.ts";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { MessageAppender } from "./message-appender.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface FrameHandlerDeps {
  readonly rateLimiter: RateLimiter;
  readonly messageAppender: MessageAppender;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly tokenRenewal: TokenRenewal;
  readonly closer: ConnectionCloser;
  readonly observe: Observe;
  readonly maxContentBytes: number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** Invalid frames in a row that end a connection (P32). */
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
    connection.noteActivity();
    if (isBinary) {
      this.#deps.closer.closeAfterAnswers(
        connection,
        CLOSE.unsupportedData,
        "binary frames are not supported",
      );
      return;
    }
    const decoded = decodeClientFrame(data.toString(), this.#deps);
    if (!this.#isWithinRate(connection, refOf(decoded))) return;
    if (decoded.ok) {
      connection.resetInvalidFrames();
      this.#dispatch(connection, decoded.frame);
    } else {
      this.#refuse(connection, decoded.code, decoded.ref);
      this.#countInvalid(connection);
    }
  }

  #dispatch(connection: Connection, frame: ClientFrame): void {
    const { messageAppender, writeScheduler, tokenRenewal } = this.#deps;
    switch (frame.type) {
      case "message": {
        const { to, content, ref } = frame;
        const from = connection.user;
        const draft = ref === undefined ? { from, to, content } : { from, to, content, ref };
        messageAppender.append(connection, draft);
        break;
      }
      case "ping":
        writeScheduler.sendTo(connection, PONG);
        break;
      case "auth":
        tokenRenewal.renew(connection, frame.token);
    }
  }

  /** Counts a frame of any type against the user's rate, which all connections of the user share (P32). */
  #isWithinRate(connection: Connection, ref: string | undefined): boolean {
    const verdict = this.#deps.rateLimiter.take(connection.user, this.#deps.now());
    switch (verdict.kind) {
      case "pass":
        return true;
      case "limited":
        this.#refuse(connection, new ChatError("rate_limited", verdict), ref);
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

  #refuse(connection: Connection, error: ErrorCode | ChatError, ref: string | undefined): void {
    const code = typeof error === "string" ? error : error.code;
    this.#deps.observe({ type: "frame-refused", connection: connection.id, code });
    this.#deps.messageAppender.reply(connection, errorFrame(error, ref));
  }
}

function refOf(decoded: ReturnType<typeof decodeClientFrame>): string | undefined {
  if (!decoded.ok) return decoded.ref;
  return decoded.frame.type === "message" ? decoded.frame.ref : undefined;
}
