import type { LogMessage } from "@parley/models";
import { estimateBytes } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Reservation } from "../limits/fair-budget.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import type { ConversationReader } from "../queries/conversation-reader.ts";
import { retryTemporary } from "../queries/retry.ts";
import { PART } from "../queries/sizes.ts";
import { bytesOf, encodeMessages, type JsonEnvelope } from "./encode-messages.ts";
import type { Exchange } from "./exchange.ts";
import { ResponseAbandoned, write } from "./write.ts";

export interface ResponderDeps {
  readonly limiter: RequestLimiter;
  /** Time that a client may take to read on before its response is cut off, in ms. */
  readonly slowClientMs: number;
  readonly observe: Observe;
}

/** A page to send. */
export interface PageAnswer {
  readonly messages: readonly LogMessage[];
  readonly envelope: JsonEnvelope;
}

export const ARRAY: JsonEnvelope = { before: "[", after: "]" };
/** A response's memory besides its messages: its request, its socket's buffer. */
const RESPONSE_BYTES = 16_384;

/**
 * Reads and sends messages within the limits, and reports each complete answer.
 *
 * A place is taken only while something is read and encoded. A client that reads slowly, or not at all, holds bytes, which
 * count until the client has read them (G5).
 */
export class Responder {
  readonly #deps: ResponderDeps;

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
  }

  /** Reads and sends a page. */
  async sendPage(exchange: Exchange, read: () => Promise<PageAnswer>): Promise<void> {
    const { res } = exchange;
    const { limiter, slowClientMs } = this.#deps;
    const { memory, chunks, count } = await limiter.read(exchange.caller, exchange.closed, async (turn) => {
      // Refuses a caller whose share is used up before anything is read. The number of reads bounds their own memory.
      const memory = this.#reserve(exchange, RESPONSE_BYTES);
      try {
        await turn();
        const { messages, envelope } = await read();
        await turn();
        const chunks = this.#encode(exchange, messages, envelope);
        // Released first: a user's only response may be larger than the user's share.
        memory.release();
        return { memory: this.#reserve(exchange, bytesOf(chunks)), chunks, count: messages.length };
      } finally {
        memory.release();
      }
    });
    let left = bytesOf(chunks);
    res.setHeader("content-type", "application/json");
    res.setHeader("content-length", left);
    const last = chunks.pop();
    if (exchange.req.method !== "HEAD") {
      for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
        memory.resize(RESPONSE_BYTES + left);
        await write(res, chunk, slowClientMs);
        left -= chunk.length;
      }
    }
    memory.resize(RESPONSE_BYTES + left);
    if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
    res.end(last);
    this.#answered(exchange, false, count);
  }

  /**
   * Sends a whole conversation, part by part. The next part is read once the client has read the last one, so a response
   * of any length holds at most one part.
   *
   * The first part fails like a page. Later parts are retried, because a response that has begun can't be answered with an
   * error any more.
   */
  async sendConversation(exchange: Exchange, open: () => Promise<ConversationReader>): Promise<void> {
    const { res, req, caller } = exchange;
    const place = this.#deps.limiter.acquireStream(caller, () => res.destroy());
    this.#releaseOnClose(exchange, place);
    const memory = this.#reserve(exchange, RESPONSE_BYTES + PART.maxBytes);
    res.setHeader("content-type", "application/json");
    let count = 0;
    if (req.method !== "HEAD") {
      const reader = await this.#inTurn(exchange, open);
      for (let isFirst = true; !reader.isDone; isFirst = false) {
        const read = () => this.#readPart(exchange, reader, count);
        const part = await (isFirst ? read() : retryTemporary(read));
        memory.resize(RESPONSE_BYTES + Math.max(PART.maxBytes, bytesOf(part.chunks)));
        place.resize(1);
        count += part.count;
        await this.#writeAll(exchange, part.chunks);
      }
    }
    if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
    res.end(req.method === "HEAD" ? undefined : count === 0 ? "[]" : "]");
    this.#answered(exchange, true, count);
  }

  /** Reads and encodes the part of a whole conversation that follows `count` messages. */
  async #readPart(exchange: Exchange, reader: ConversationReader, count: number) {
    const { limiter } = this.#deps;
    await limiter.untilAllowed(exchange.caller, exchange.closed);
    return limiter.read(exchange.caller, exchange.closed, async (turn) => {
      await turn();
      const messages = await reader.next();
      await turn();
      if (messages.length === 0) return { chunks: [], count: 0 };
      const envelope = { before: count === 0 ? "[" : ",", after: "" };
      return { chunks: this.#encode(exchange, messages, envelope), count: messages.length };
    });
  }

  #inTurn<T>({ caller, closed }: Exchange, run: () => Promise<T>): Promise<T> {
    return this.#deps.limiter.read(caller, closed, async (turn) => {
      await turn();
      return run();
    });
  }

  #encode({ caller }: Exchange, messages: readonly LogMessage[], envelope: JsonEnvelope): Buffer[] {
    const cost = messages.reduce((sum, message) => sum + estimateBytes(message), 0);
    this.#deps.limiter.charge(caller.user, cost);
    return encodeMessages(messages, envelope);
  }

  /** Each chunk can be freed once it is written, although `chunks` is still referred to. */
  async #writeAll({ res }: Exchange, chunks: Buffer[]): Promise<void> {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift())
      await write(res, chunk, this.#deps.slowClientMs);
  }

  #reserve(exchange: Exchange, bytes: number): Reservation {
    const memory = this.#deps.limiter.reserveBytes(exchange.caller, bytes, () => exchange.res.destroy());
    this.#releaseOnClose(exchange, memory);
    return memory;
  }

  /** Bytes count, and a stream has its place, until the response is closed: until then its socket holds the last chunk. */
  #releaseOnClose({ closed }: Exchange, { release }: Reservation): void {
    if (closed.aborted) release();
    else closed.addEventListener("abort", release, { once: true });
  }

  #answered({ route, startedAt }: Exchange, whole: boolean, messages: number): void {
    this.#deps.observe({ type: "answered", route, whole, messages, ms: performance.now() - startedAt });
  }
}
